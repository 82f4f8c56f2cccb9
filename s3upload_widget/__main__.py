"""``python -m s3upload_widget`` is ``s3upload``."""

from s3upload_widget.cli import main

main()
