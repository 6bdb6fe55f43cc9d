import DaybookModel
import GRDB
import Ports

/// Questions to the unread projection.
enum UnreadQuery {
  /// What is unread of a conversation, under the name that its user has for it.
  struct Entry {
    let name: StreamKey
    var readSeq = Seq.none
    var unread: UInt64 = 0
    var mentions: UInt64 = 0
    var marks = ConversationMarks.none
  }

  /// By ascending bytes of their names. All of them for a negative limit.
  static func page(
    of user: UserID, after: StreamKey?, limit: Int, _ counts: GroupReadCounts,
    in reader: ProjectionReader
  ) throws(DaybookError) -> UnreadPage {
    let all = try entries(of: user, names: nil, counts, in: reader).filter {
      $0.unread > 0 || $0.marks.isUnread
    }.sorted { $0.name.text.utf8.lexicographicallyPrecedes($1.name.text.utf8) }
    var page = UnreadPage(
      conversations: [], total: 0, quietTotal: 0, mentionsTotal: 0, more: false)
    for entry in all {
      if entry.marks.isQuiet {
        page.quietTotal &+= entry.unread
      } else {
        page.total &+= entry.unread
      }
      page.mentionsTotal &+= entry.mentions
      if let after, !after.text.utf8.lexicographicallyPrecedes(entry.name.text.utf8) { continue }
      guard limit < 0 || page.conversations.count < limit else {
        page.more = true
        continue
      }
      page.conversations.append(count(entry, of: user))
    }
    return page
  }

  private static func count(_ entry: Entry, of user: UserID) -> UnreadCount {
    UnreadCount(
      conversation: entry.name.userID.map { ConversationKey(mailbox: user, peer: $0) }
        ?? ConversationKey(stream: entry.name, peer: nil),
      unread: entry.unread, mentions: entry.mentions, isQuiet: entry.marks.isQuiet,
      isMarked: entry.marks.isUnread)
  }

  /// Of these conversations; nil: of all in which something is unread, or marked as that.
  static func entries(
    of user: UserID, names: [StreamKey]?, _ counts: GroupReadCounts, in reader: ProjectionReader
  ) throws(DaybookError) -> [Entry] {
    let mailbox = StreamKey.user(user)
    var (found, groups) = try reader.read { database in
      var found: [StreamKey: Entry] = [:]
      for row in try marked(database, mailbox, names) {
        guard let name = StreamKey(checked: row[0] as String) else { continue }
        found[name] = Entry(
          name: name,
          marks: ConversationMarks(isQuiet: row[1], isPinned: row[2], isUnread: row[3]))
      }
      for row in try directs(database, mailbox, names) {
        let name = StreamKey.user(UserID(checked: row[0]))
        var entry = found[name] ?? Entry(name: name)
        entry.unread = UInt64(bitPattern: row[1])
        entry.mentions = UInt64(bitPattern: row[2])
        entry.readSeq = Seq(UInt64(bitPattern: row[3]))
        let gone = RecalledCount(
          try RecalledRow.rows(database, of: mailbox, past: entry.readSeq), past: entry.readSeq,
          from: UserID(checked: row[0]), to: user, in: .user)
        entry.unread &-= gone.unread
        entry.mentions &-= gone.mentions
        found[name] = entry
      }
      return (found, try members(database, mailbox, user, names))
    }
    // The log is read without holding the file.
    for index in groups.indices {
      guard let name = StreamKey(checked: groups[index].row.stream) else { continue }
      do throws(DaybookError) {
        try counts.move(&groups[index].row, to: groups[index].read, of: groups[index].group)
      } catch {
        // What can't be read costs its own group: of that it is told what its own stream says.
        guard error.code == .logCorrupt else { throw error }
      }
      let row = groups[index].row
      let gone = RecalledCount(
        groups[index].recalled, past: row.readSeq, to: user, in: .group)
      var entry = found[name] ?? Entry(name: name)
      entry.unread = row.unread(of: groups[index].group) &- gone.unread
      entry.mentions = row.mentions(of: groups[index].group) &- gone.mentions
      entry.readSeq = row.readSeq
      found[name] = entry
    }
    return Array(found.values)
  }

  private static func marked(
    _ database: Database, _ mailbox: StreamKey, _ names: [StreamKey]?
  ) throws -> [StoredRow] {
    let all = try database.rows(
      "SELECT conversation, quiet, pinned, unread FROM marks WHERE stream = ?", [mailbox.text])
    guard let names else { return all }
    let wanted = Set(names.map(\.text))
    return all.filter { wanted.contains($0[0] as String) }
  }

  private static func directs(
    _ database: Database, _ mailbox: StreamKey, _ names: [StreamKey]?
  ) throws -> [StoredRow] {
    let columns = "SELECT peer, unread, mentions, read_seq FROM directs WHERE stream = ?"
    guard let names else {
      return try database.rows("\(columns) AND unread > 0", [mailbox.text])
    }
    return try names.compactMap(\.userID).compactMap { peer in
      try database.firstRow("\(columns) AND peer = ?", [mailbox.text, peer.text])
    }
  }

  private struct Membership {
    var row: GroupReader
    let group: GroupMessages
    let read: Seq
    /// Of the same moment as the counts.
    let recalled: [RecalledRow]
  }

  /// With how far the mailbox says that each was read.
  private static func members(
    _ database: Database, _ mailbox: StreamKey, _ user: UserID, _ names: [StreamKey]?
  ) throws -> [Membership] {
    let columns = """
      SELECT \(columns(of: GroupReader.layout, "members")),
        \(columns(of: GroupMessages.layout, "groups")), coalesce(group_reads.read_seq, 0)
      FROM members JOIN groups ON groups.stream = members.stream
      LEFT JOIN group_reads ON group_reads.stream = ? AND conversation = members.stream
      WHERE members.user = ? AND member = 1 AND dissolved = 0
      """
    let rows: [StoredRow]
    if let names {
      rows = try names.filter { $0.kind == .group }.compactMap { group in
        try database.firstRow(
          "\(columns) AND members.stream = ?", [mailbox.text, user.text, group.text])
      }
    } else {
      rows = try database.rows(
        "\(columns) AND messages - messages_at_read - own_after > 0", [mailbox.text, user.text])
    }
    let count = GroupReader.layout.columnCount
    return try rows.map { row in
      let values = row.databaseValues
      let member = GroupReader(columns: Array(values[..<count]))
      let read = Seq(values[values.count - 1].number)
      let recalled = try StreamKey(checked: member.stream).map {
        try RecalledRow.rows(database, of: $0, past: max(member.readSeq, read))
      }
      return Membership(
        row: member,
        group: GroupMessages(
          columns: Array(values[count..<count + GroupMessages.layout.columnCount])),
        read: read, recalled: recalled ?? [])
    }
  }

  private static func columns(of layout: TableLayout, _ table: String) -> String {
    (layout.keys + layout.values).map { "\(table).\($0)" }.joined(separator: ", ")
  }

  static func marks(
    of user: UserID, after: StreamKey?, limit: Int, in reader: ProjectionReader
  ) throws(DaybookError) -> [MarkedConversation] {
    try reader.read { try marks($0, user, after: after, limit: limit) }
  }

  /// All of them for a negative limit.
  private static func marks(
    _ database: Database, _ user: UserID, after: StreamKey?, limit: Int
  ) throws -> [MarkedConversation] {
    let rows = try database.rows(
      """
      SELECT conversation, quiet, pinned, unread FROM marks
      WHERE stream = ? AND conversation > ? AND quiet + pinned + unread > 0
      ORDER BY conversation LIMIT ?
      """, [StreamKey.user(user).text, after?.text ?? "", limit])
    return rows.compactMap { row in
      StreamKey(checked: row[0] as String).map { conversation in
        MarkedConversation(
          conversation: conversation,
          marks: ConversationMarks(isQuiet: row[1], isPinned: row[2], isUnread: row[3]))
      }
    }
  }

  /// All of them for a negative limit.
  static func blocked(
    by user: UserID, after: UserID?, limit: Int, in reader: ProjectionReader
  ) throws(DaybookError) -> [UserID] {
    try reader.read { database in
      let peers = try database.texts(
        """
        SELECT peer FROM blocked WHERE stream = ? AND peer > ? AND blocked = 1
        ORDER BY peer LIMIT ?
        """, [StreamKey.user(user).text, after?.text ?? "", limit])
      return peers.map { UserID(checked: $0) }
    }
  }
}
