import DaybookModel
import GRDB
import Ports

/// Questions to the receipts projection.
enum ReceiptsQuery {
  struct Page {
    let seq: Seq
    let author: UserID
    let after: UserID?
    let limit: Int
  }

  /// Of a group's message. Throws `receipts_off` for one that states that it has none, and, where it
  /// states nothing, for a group of more than `membersMax` members.
  static func receipts(
    ofGroup group: StreamKey, _ page: Page, stated: StatedReceipts, membersMax: UInt64,
    in reader: ProjectionReader
  ) throws(DaybookError) -> ReceiptPage {
    guard stated != .off else {
      throw DaybookError(
        .receiptsOff,
        "no receipts are kept of this message: the group had too many members for that")
    }
    return try reader.read { database in
      let members = try number(
        database, "SELECT members FROM groups WHERE stream = ?", [group.text])
      guard stated == .on || members <= membersMax else {
        throw DaybookError(
          .receiptsOff,
          "receipts are kept for groups of at most \(membersMax) members: this has \(members)")
      }
      let (read, unread) = try counts(database, group.text, page, members: members)
      var receipts = try list(database, group.text, page)
      let more = receipts.count > page.limit
      if more { receipts.removeLast(receipts.count - page.limit) }
      return ReceiptPage(
        receipts: receipts, readCount: read, unreadCount: unread, more: more)
    }
  }

  /// Whoever joined past the message has a position past it too: such members are taken away from
  /// both counts. Nobody's join is the message itself.
  private static func counts(
    _ database: Database, _ group: String, _ page: Page, members: UInt64
  ) throws -> (read: UInt64, unread: UInt64) {
    guard page.seq > .none else { return (0, 0) }
    var reads: UInt64 = 0
    var joins: UInt64 = 0
    for nodes in PositionTree.past(Seq(page.seq.rawValue - 1)) {
      let row = try database.firstRow(
        """
        SELECT coalesce(sum(reads), 0), coalesce(sum(joins), 0) FROM position_counts
        WHERE stream = ? AND node BETWEEN ? AND ?
        """,
        [group, Int64(bitPattern: nodes.lowerBound), Int64(bitPattern: nodes.upperBound)])
      guard let row else { continue }
      reads &+= UInt64(bitPattern: row[0])
      joins &+= UInt64(bitPattern: row[1])
    }
    var (read, audience) = (reads &- joins, members &- joins)
    let author = try database.firstRow(
      """
      SELECT read_seq FROM members WHERE stream = ? AND user = ? AND member = 1 AND join_seq < ?
      """, [group, page.author.text, page.seq.argument])
    if let author {
      audience &-= 1
      if Seq(UInt64(bitPattern: author[0])) >= page.seq { read &-= 1 }
    }
    return (read, audience &- read)
  }

  /// One more than the page has, if there is one.
  private static func list(
    _ database: Database, _ group: String, _ page: Page
  ) throws -> [Receipt] {
    // In one statement: a question for each of a thousand readers would take most of the time.
    let rows = try database.rows(
      """
      SELECT user, CASE WHEN read_seq >= ? THEN (
          SELECT read_at_ms FROM reads
          WHERE reads.stream = members.stream AND reads.user = members.user AND up_to_seq >= ?
          ORDER BY up_to_seq LIMIT 1)
        END
      FROM members
      WHERE stream = ? AND user > ? AND member = 1 AND join_seq < ? AND user <> ?
      ORDER BY user LIMIT ?
      """,
      [
        page.seq.argument, page.seq.argument, group, page.after?.text ?? "", page.seq.argument,
        page.author.text, page.limit + 1,
      ])
    assert(rows.count <= page.limit + 1, "no more than a page, and whether there are more")
    return rows.map { row in
      let readAt: Int64? = row[1]
      return Receipt(
        user: UserID(checked: row[0]),
        readAt: Timestamp(milliseconds: UInt64(bitPattern: readAt ?? 0)))
    }
  }

  /// When the read position came to `seq`. Reads of a former stay all stopped before the present
  /// one began, and so before the message.
  private static func readAt(
    _ database: Database, _ stream: String, _ user: UserID, _ seq: Seq
  ) throws -> Timestamp {
    let at = try number(
      database,
      """
      SELECT read_at_ms FROM reads WHERE stream = ? AND user = ? AND up_to_seq >= ?
      ORDER BY up_to_seq LIMIT 1
      """, [stream, user.text, seq.argument])
    return Timestamp(milliseconds: at)
  }

  /// Of a direct message: its audience is the mailbox's owner, unless it is a note to oneself.
  static func receipts(
    ofMailbox mailbox: StreamKey, _ page: Page, in reader: ProjectionReader
  ) throws(DaybookError) -> ReceiptPage {
    let owner = UserID(checked: mailbox.id)
    if owner == page.author {
      return ReceiptPage(receipts: [], readCount: 0, unreadCount: 0, more: false)
    }
    return try reader.read { database in
      let deliveredAt = try number(
        database,
        """
        SELECT delivered_at_ms FROM deliveries
        WHERE stream = ? AND sender = ? AND up_to_seq >= ? AND after_seq < ?
        ORDER BY up_to_seq LIMIT 1
        """, [mailbox.text, page.author.text, page.seq.argument, page.seq.argument])
      let receipt = Receipt(
        user: owner, deliveredAt: Timestamp(milliseconds: deliveredAt),
        readAt: try readAt(database, mailbox.text, page.author, page.seq))
      let isRead = receipt.readAt != .none
      let isOnPage = page.limit > 0 && page.after.map { $0 < owner } ?? true
      return ReceiptPage(
        receipts: isOnPage ? [receipt] : [], readCount: isRead ? 1 : 0,
        unreadCount: isRead ? 0 : 1, more: false)
    }
  }

  static func receipt(
    ofWithheld id: MessageID, by author: UserID, in mailbox: UserID, _ reader: ProjectionReader
  ) throws(DaybookError) -> Receipt {
    let stream = StreamKey.user(mailbox).text
    let covering = Int64(bitPattern: id.rawValue)
    return try reader.read { database in
      let deliveredAt = try number(
        database,
        """
        SELECT delivered_at_ms FROM deliveries
        WHERE stream = ? AND sender = ? AND up_to_message_id >= ? AND after_message_id < ?
        ORDER BY up_to_seq LIMIT 1
        """, [stream, author.text, covering, covering])
      let readAt = try number(
        database,
        """
        SELECT read_at_ms FROM reads
        WHERE stream = ? AND user = ? AND up_to_message_id >= ? ORDER BY up_to_seq LIMIT 1
        """, [stream, author.text, covering])
      return Receipt(
        user: mailbox, deliveredAt: Timestamp(milliseconds: deliveredAt),
        readAt: Timestamp(milliseconds: readAt))
    }
  }

  /// Zero where there is no row.
  private static func number(
    _ database: Database, _ sql: String, _ arguments: StatementArguments
  ) throws -> UInt64 {
    try database.firstRow(sql, arguments).map { UInt64(bitPattern: $0[0]) } ?? 0
  }
}

extension Seq {
  var argument: Int64 { Int64(bitPattern: rawValue) }
}
