import ArgumentParser
import DaybookModel
import Ports

/// Prints who has read a message.
struct Receipts: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print who has read a message, who hasn't, and when.",
    usage: """
      daybook receipts [--data <data> | --server <server>] --group <group> --message <id> [--json]
      daybook receipts [--data <data> | --server <server>] [--user <user>] --with <peer> --message <id> [--json]
      """,
    discussion: """
      Of a direct message, whichever of the two sent it, its receiver is listed, with the times of \
      delivery and of reading. With --json: an object for each user, and last one with the sums, \
      read and unread.
      """)

  @OptionGroup var asked: AskedOption
  @OptionGroup var conversation: ConversationOption

  @Option(help: "The message's id, as 'history --ids' shows it.", transform: MessageID.parse)
  var message: MessageID

  @OptionGroup var json: JSONOption

  func validate() throws { try conversation.check(asked) }

  func run() async throws {
    let named = try conversation.named()
    try await asked.asking { answers in
      let conversation = try named.key(answers)
      var output = StandardOutput()
      let isDirect = conversation.peer != nil
      var page = try await answers.conversations.receipts(
        of: message, in: conversation, after: nil)
      if !json.isSet { try output.line(ReceiptLine.heading(isDirect: isDirect)) }
      while true {
        for receipt in page.receipts {
          let line = ReceiptLine(receipt, isDirect: isDirect)
          if json.isSet { try output.line(line.json) } else { try output.line(line.text) }
        }
        guard page.more, let last = page.receipts.last?.user else { break }
        page = try await answers.conversations.receipts(
          of: message, in: conversation, after: last)
      }
      try finish(page, &output)
      try output.flush()
    }
  }

  private func finish(_ page: ReceiptPage, _ output: inout StandardOutput) throws {
    if json.isSet {
      var line = JSONLine()
      line.set("read", page.readCount)
      line.set("unread", page.unreadCount)
      try output.line(line)
    } else {
      var table = TextTable([("read", .right), ("unread", .right)])
      table.add(["\(page.readCount)", "\(page.unreadCount)"])
      for line in table.lines { try output.line(line) }
    }
  }
}

/// A user and when a message reached them.
struct ReceiptLine {
  private let receipt: Receipt
  private let isDirect: Bool

  init(_ receipt: Receipt, isDirect: Bool) {
    self.receipt = receipt
    self.isDirect = isDirect
  }

  static func heading(isDirect: Bool) -> String {
    columns("member", delivered: isDirect ? "delivered at" : nil, read: "read at")
  }

  var json: JSONLine {
    var line = JSONLine()
    line.set("member", receipt.user.text)
    if isDirect { line.set("delivered_at", ReceiptLine.time(receipt.deliveredAt)) }
    line.set("read_at", ReceiptLine.time(receipt.readAt))
    return line
  }

  var text: String {
    ReceiptLine.columns(
      Terminal.safe(receipt.user.text),
      delivered: isDirect ? ReceiptLine.time(receipt.deliveredAt) ?? "-" : nil,
      read: ReceiptLine.time(receipt.readAt) ?? "-")
  }

  private static func time(_ time: Timestamp) -> String? { time == .none ? nil : time.rfc3339 }

  private static func columns(_ member: String, delivered: String?, read: String) -> String {
    let cells = [Terminal.padded(member, to: 24, .left)]
    let times = [delivered.map { Terminal.padded($0, to: 24, .left) }, read]
    return (cells + times.compactMap { $0 }).joined(separator: "  ")
  }
}
