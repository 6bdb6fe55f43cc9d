import ArgumentParser
import DaybookModel
import DaybookSchema
import Ports
import Server

/// Prints who has read a message.
struct Receipts: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print who has read a message, who hasn't, and when.",
    usage: """
      daybook receipts [--data <data>] --group <group> --message <id> [--json]
      daybook receipts [--data <data>] --user <user> --with <peer> --message <id> [--json]
      """,
    discussion: """
      Of a direct message, whichever of the two sent it, its receiver is listed, with the times of \
      delivery and of reading.
      """)

  @OptionGroup var data: DataOption
  @OptionGroup var conversation: ConversationOption

  @Option(help: "The message's id, as 'history --ids' shows it.", transform: MessageID.parse)
  var message: MessageID

  @OptionGroup var json: JSONOption

  func run() async throws {
    let conversation = try conversation.key()
    try await data.asking { data in
      let original = try await original(in: conversation, data)
      var output = StandardOutput()
      let isDirect = original.stream.kind == .user
      if !json.isSet { try output.line(ReceiptLine.heading(isDirect: isDirect)) }
      var after: UserID?
      while true {
        let page = try await data.queries.receipts(
          of: original.stream, seq: original.seq, author: original.author, after: after,
          limit: Limits.receiptsPageMax)
        for receipt in page.receipts {
          let line = ReceiptLine(receipt, isDirect: isDirect)
          if json.isSet { try output.line(line.json) } else { try output.line(line.text) }
        }
        after = page.receipts.last?.user
        guard page.more, after != nil else {
          try finish(page, &output)
          break
        }
      }
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

  private struct Original {
    var stream: StreamKey
    var seq: Seq
    var author: UserID
  }

  /// Where the message was sent to: the mailbox may hold the sender's copy only. Throws
  /// `message_not_found`.
  private func original(
    in conversation: ConversationKey, _ data: OpenData
  ) async throws -> Original {
    let missing = DaybookError(
      .messageNotFound, "there is no message \(message) in \(conversation): look in the history")
    guard
      let found = try await data.queries.message(message, in: conversation)
    else {
      throw missing
    }
    let event = try EventDecoding.decode(found.bytes)
    guard let author = event.actor.user else { throw missing }
    switch event.body {
    case .messageCopied(_, let to, _):
      guard let found = try await sent(to: to, by: author, data) else { throw missing }
      return found
    case .messageTombstone(let tombstone) where tombstone.to != nil:
      guard let to = tombstone.to, let found = try await sent(to: to, by: author, data) else {
        throw missing
      }
      return found
    case .messageSent: return Original(stream: event.stream, seq: event.seq, author: author)
    case .messageTombstone:
      return Original(stream: event.stream, seq: event.seq, author: author)
    default: throw missing
    }
  }

  /// A copy doesn't say where its original is. Nil for one that was withheld.
  private func sent(
    to receiver: UserID, by author: UserID, _ data: OpenData
  ) async throws -> Original? {
    let there = ConversationKey(mailbox: receiver, peer: author)
    let found = try await data.queries.message(message, in: there)
    return found.map { Original(stream: there.stream, seq: $0.seq, author: author) }
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
