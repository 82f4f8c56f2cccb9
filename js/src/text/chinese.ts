/** 简体中文: every string of the page. Code and S3's own names stay untranslated. */

import type { Cause, Texts } from "./english";

/** A short translation of each kind of message from the kernel, which is English. */
const causes: Readonly<Record<Cause, string>> = {
  upload: "上传失败。",
  refused: "不允许这样上传。",
  too_large: "文件超过了允许的大小。",
  not_accepted: "不接受这种类型的文件。",
  key_refused: "无法由此文件名得到安全的对象键。",
  unsupported_bucket: "这种存储桶不能接收来自浏览器的上传。",
  exists: "另一个对象已经占用这个键。请覆盖它、两者都保留，或跳过此文件。",
  incomparable:
    "另一个对象已经占用这个键，而 S3 没有给出可供比较的校验和。请从 S3 读回比较、覆盖它、两者都保留，或跳过此文件。",
  key_busy: "另一个文件正在上传到同一个键，完成后会自动继续。",
  other_file: "此键下未完成的上传属于另一个文件。没有做任何更改。",
  file_changed: "文件在选择之后被修改、移动或删除。请重新选择该文件。",
  s3: "S3 拒绝了请求。",
  access_denied: "缺少权限。请授予下面列出的权限，然后点击“继续”：没有任何内容丢失。",
  credentials:
    "内核的凭证缺失、错误或已过期。请在内核中更新凭证，然后点击“继续”：没有任何内容丢失。",
  no_such_bucket: "没有这个存储桶。请检查名称和地址。",
  no_such_upload: "未完成的上传已从 S3 上消失。",
  wrong_region: "存储桶位于另一个区域。",
  clock_skew: "内核所在机器的时钟不正确。请校准时钟，然后点击“继续”。",
  unavailable: "无法连接 S3，或者 S3 要求放慢速度。会自动重试，没有任何内容丢失。",
  integrity: "S3 上的内容与文件不一致。",
  invalid_message:
    "此页面与内核无法相互理解，多半是版本不同。请重新加载页面，或重启内核后再次运行单元格。",
  unknown_file: "内核不认识此文件，可能已经重启。",
  not_owner: "另一个页面接管了此上传。点击“继续”在此处接管。",
  worker: "执行器的工作进程出错，或读不到文件：已到达 S3 的部分会保留。",
  aborted: "此上传已被放弃，并已从 S3 上删除。",
  cannot_wait: "单元格运行期间收不到页面的消息。",
  internal: "这是 s3upload_widget 的缺陷，请报告。",
  cors: "存储桶的 CORS 规则不允许此页面上传。请应用下面的规则，然后点击“继续”：没有任何内容丢失。",
  body_limit: "此页面与 S3 之间的代理拒绝这么大的请求。没有任何内容丢失。",
  request_changed: "此页面与 S3 之间的代理修改了请求，因此签名不再正确。没有任何内容丢失。",
  refused_by_proxy: "此页面与 S3 之间的代理或防火墙拒绝上传请求。没有任何内容丢失。",
  gateway: "S3 前面的网关此刻没有得到 S3 的应答。恢复后会自动继续，没有任何内容丢失。",
  unreachable_from_page: "内核可以连接 S3，但此页面不能。恢复后会自动继续，没有任何内容丢失。",
  untrusted_certificate: "此页面得不到 S3 的应答，而内核无法查明原因：它不信任该服务器的证书。",
  mixed_content: "此页面通过 https 加载，浏览器因此不向 http 地址发送任何内容。",
};

/** S3's own words, quoted. */
function inChinese(said: string): string {
  return said && `S3 的原话：“${said}”。`;
}

export const chinese: Texts = {
  fileChanged: (name) =>
    `${name} 在选择之后被修改、移动或删除。S3 上的内容没有丢失：请重新选择该文件。`,
  changedOnDisk: (name) => `${name} 自首次选择后被写入或仅被触碰：S3 上相同的部分不会重新发送。`,
  pageProblem: (name, reason) => `无法发送 ${name}：${reason}`,
  exists: (name) =>
    `${name}：在此期间，另一个对象占用了这个键。请覆盖它、两者都保留，或跳过此文件。`,
  credentials: (name, code) =>
    `${name}：S3 不接受内核的凭证（${code}）。请在内核中更新凭证，然后点击“继续”：没有任何内容丢失。`,
  clock: (name, code) =>
    `${name}：内核所在机器的时钟不正确（${code}）。请校准时钟，然后点击“继续”。`,
  signature: (name) =>
    `${name}：S3 认为签名错误（SignatureDoesNotMatch）：内核的密钥有误，或者代理修改了请求（请把 S3 自身的地址传给 browser_endpoint_url=），或者服务器使用另一种寻址方式，或无法对此键中的字符签名。`,
  noBucket: (name) =>
    `${name}：此页面所连接的地址没有这个存储桶（NoSuchBucket）。请检查 browser_endpoint_url 和存储桶名称，然后点击“继续”。`,
  region: (name) =>
    `${name}：存储桶位于另一个区域。请传入 client=boto3.client('s3', region_name=…)，并使用该存储桶的区域。`,
  denied: (name, part, code, said, action, statement) =>
    `${name}：S3 拒绝了分段 ${part}（403 ${code}）。${inChinese(said)}内核的凭证需要对此键的 ${action} 权限，存储桶策略也必须允许此浏览器的地址。然后点击“继续”。${statement}`,
  refused: (name, part, answer, said) =>
    `${name}：S3 一再拒绝分段 ${part}（${answer}）。${inChinese(said)}已发送的内容会保留：点击“继续”重试。`,
  partsMissing: (name) =>
    `${name}：S3 没有保留它已接受的分段。没有完成任何对象；点击“继续”重新发送。`,
  gone: (name) =>
    `${name}：未完成的上传一再从 S3 上消失。请检查是否有生命周期规则或其他程序将其中止，然后点击“继续”。`,
  differs: (name, same, differing) =>
    `${name}：S3 上的 ${same + differing} 个分段中有 ${same} 个属于此文件，${differing} 个不同。点击“继续”重新发送不同的分段，或者放弃此上传。`,
  otherFile: (name) =>
    `${name} 是另一个文件：S3 上比较过的分段没有一个与它相同。没有做任何更改。请选择当初开始上传的文件，或者重新开始：这会删除 S3 上的内容并上传 ${name}。`,
  otherSize: (name, size, begun, whole) =>
    `${name} 是另一个文件：它的大小是 ${size}，而当初开始上传的 ${begun} 是 ${whole}。没有做任何更改。请选择当初开始上传的文件，或者重新开始：这会删除 S3 上的内容并上传 ${name}。`,
  elsewhere: (name) => `另一个页面接管了 ${name}。点击“继续”在此处重新接管。`,
  noBuffers:
    "此笔记本环境不会把二进制消息从页面传给内核，因此无法经由内核发送：请使用 transport='direct'。",
  noKernel: "内核没有响应。如果没有其他单元格正在运行，请运行创建此组件的单元格。",
  noPython: "Python 没有响应。如果此消息一直显示，请重新加载页面并再次选择相同的文件：上传会继续。",
  deaf: "内核空闲，但听不到此页面。请重新运行创建此组件的单元格；如果此消息一直显示，请重新加载页面。S3 上的内容不会丢失。",
  ended:
    "会话已结束，或连接已断开。如果此消息一直显示，请重新加载页面并再次选择相同的文件：上传会继续。",
  restarted:
    "内核已重启，或者与内核的连接已断开。如果一直如此，请再次运行单元格：无需重新选择任何文件。",
  startsOver: (name) =>
    `${name}：未完成的上传已从 S3 上消失（在别处被中止，或被生命周期规则删除）：现在从头开始。`,
  ofTheUpload: (names) =>
    `extra_args（${names}）没有生效：此上传开始时没有使用它们。只有新的上传才会使用它们。`,
  ofTheObject: (names) =>
    `extra_args（${names}）没有生效：该对象已经存在并保持原样。使用 if_exists="overwrite" 会带上它们重新发送文件。`,
  policy: (store, directive) =>
    `此页面的内容安全策略（CSP）不允许连接 ${store}：请此 Jupyter 的管理员把 ${store} 加入 ${directive}，然后重新加载页面。`,
  blocked: (store) =>
    `此页面可以连接 ${store}，但上传请求在发出之前就被拦截：可能是此浏览器的扩展（例如广告拦截器）或安全软件。请对此页面停用它，然后点击“继续”：没有任何内容丢失。`,
  gateway: (store, status) =>
    `${store || "内核所连接的地址"} 返回错误 ${status}：S3 前面的网关没有得到 S3 的应答，或者服务器过载。没有任何内容丢失，页面会继续重试。`,
  unanswered: (store) =>
    `此页面可以连接 ${store}，但发送的内容得不到应答：可能有代理、VPN 或安全软件中断了上传。请检查这些；已发送的内容不会丢失，页面会继续重试。`,
  localNetwork: {
    denied: (store) =>
      `浏览器不允许此页面访问本地网络中的设备，而 ${store} 正在本地网络中：请点击地址栏旁的图标，允许“本地网络”。上传会立即继续。`,
    insecure: (store) =>
      `浏览器只允许安全页面访问本地网络中的设备，而 ${store} 正在本地网络中：请通过 https 或在 localhost 上打开 Jupyter，然后重新选择同一文件：上传会继续。`,
    frame: (store) =>
      `此页面嵌入在另一个页面中，而那个页面不允许它访问本地网络中的设备，${store} 正在本地网络中：该页面的 <iframe> 需要 allow="local-network; loopback-network; local-network-access"。然后重新加载页面并重新选择同一文件：上传会继续。`,
  },
  fromKernel: (cause, message) => `${causes[cause]}\n${message}`,
  view: {
    region: "文件上传",
    dropFiles: "或将文件拖放到此处",
    dropFile: "或将一个文件拖放到此处",
    dropFolder: "或将文件夹拖放到此处",
    letGo: "松开即可上传",
    goesTo: (destination) => `上传到 ${destination}`,
    connecting: "正在连接内核",
    reading: "正在读取拖放的内容…",
    notRead: (reason) => `浏览器无法读取，因此没有选择任何文件：${reason}。请重试。`,
    unreached: (address) => `此页面无法连接 ${address}；w.check() 会说明更多。`,
    relayed: "经由内核发送：此页面可能无法连接 S3。",
    relayedByChoice: "经由内核发送。",
    why: "为什么？",
    tryDirect: "再次尝试直接发送",
    relay: "经由内核发送",
    onlyOne: "此处只能上传一个文件：请选择一个。",
    nothing: "所选内容中没有文件。",
    listed: (paths) => `已在列表中且内容相同，未重复添加：${paths.join("、")}`,
    nameless: "没有名称的项目",
    links: "文件夹中的链接不会上传：浏览器会隐藏它们。管道看起来像空文件。",
    systemFiles: (count) => `已跳过 ${count} 个系统文件`,
    otherKinds: (count, paths) => `已跳过 ${count} 个其他类型的文件：${paths.join("、")}`,
    unreadable: (paths) => `无法读取，因此不会上传：${paths.join("、")}`,
    states: {
      queued: "排队中",
      checking: "检查中",
      uploading: "上传中",
      waiting: "等待中",
      paused: "已暂停",
      completing: "正在 S3 上校验",
      done: "已在 S3 上并通过校验",
      failed: "失败",
    },
    waiting: {
      "": "等待中",
      kernel: "正在等待 Python（正忙）",
      cell: "正在等待内核（有单元格正在运行）",
      network: "正在等待网络",
      file: "正在等待文件",
    },
    comparing: "正在与已有对象比较",
    readingBack: "正在从 S3 读回已有对象",
    readBack: "从 S3 读回并比较",
    wasThere: "S3 上已存在，内容完全相同",
    conflict: "此键已有对象",
    refused: "未上传",
    discarding: "正在从 S3 删除",
    said: (name, state) => `${name}：${state}`,
    saidMany: (count, state) => `${count} 个文件：${state}`,
    of: (done, total) => `${done} / ${total}`,
    filesOf: (done, total) => `${done} / ${total} 个文件`,
    more: (count) => `另有 ${count} 个`,
    left: (duration) => `剩余 ${duration}`,
    units: { day: "天", hour: "小时", minute: "分", second: "秒" },
    progressOf: (name) => `${name} 的进度`,
    progressOfAll: "所有文件的进度",
    pause: "暂停",
    resume: "继续",
    retry: "重试",
    discard: "放弃",
    remove: "移除",
    clear: "清除",
    copy: "复制",
    copied: "已复制",
    copyUri: (name) => `复制 ${name} 的地址`,
    copyRule: "复制规则",
    overwrite: "覆盖",
    keepBoth: "两者都保留",
    skip: "跳过",
    keep: "保留",
    unfinished: "未完成的上传",
    continue: "继续",
    later: "稍后",
    startOver: "重新开始",
    back: "返回",
    onS3: (amount) => `S3 上已有 ${amount}`,
    began: (when) => `开始于${when}`,
    by: (initiator) => `由 ${initiator} 发起`,
    lastPart: (when) => `最后一个分段于${when}`,
    noPart: "尚无分段",
    held: "另一个页面似乎正在发送它：点击“继续”可接管。",
    inProgress: "正在别处进行",
    others: (count) => `他人有 ${count} 个未完成的上传`,
    showOthers: "显示",
    discardOthers: "要删除他人上传的内容吗？",
    discardWhatWasSent: "要删除已发送的内容吗？",
    code: "代码",
    copyCode: (name) => `复制读取 ${name} 的代码`,
    copiedFor: (tool) => `已复制 ${tool} 的代码`,
    files: "文件",
    stalled: "目前没有字节能够通过",
    sent: "已全部发送，正在等待存储服务的应答",
    pauseAll: "全部暂停",
    resumeAll: "全部继续",
    clearFinished: "清除已完成的",
  },
};
