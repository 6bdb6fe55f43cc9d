package import DaybookModel

/// The commands that one IRC log comes to: a pure function of the file's name and content, so that
/// the same file makes the same commands under the same numbers whenever it is imported, alone
/// or among others.
///
/// Line L (the first is 1) has the numbers 2·L and 2·L + 1. Who is in the channel is followed from
/// an empty room on; what the server knows better, it answers as having changed nothing.
package struct IRCPlan: Sendable {
  package private(set) var commands: [PlannedCommand] = []
  /// Lines with a nick that can't be a user id.
  package private(set) var unusable: [UnusableLine] = []
  package let lineCount: Int

  package struct UnusableLine: Sendable {
    package var line: Int
    package var error: DaybookError
  }

  private var members: Set<UserID> = []

  /// Throws `invalid_input` for a name that doesn't begin with a date.
  package init(fileName: String, content: some Collection<UInt8>) throws(DaybookError) {
    guard let midnight = IRCPlan.date(inName: fileName) else {
      throw DaybookError(
        .invalidInput, "\(fileName) has no date: name it YYYY-MM-DD, then anything")
    }
    var lines = content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    // What follows the last newline is a line only if there is something.
    if lines.last?.isEmpty == true { lines.removeLast() }
    lineCount = lines.count
    for (index, bytes) in lines.enumerated() {
      let text = String(decoding: bytes, as: UTF8.self)
      let line = IRCLine(text.utf8.last == UInt8(ascii: "\r") ? String(text.dropLast()) : text)
      do throws(DaybookError) {
        try add(line, number: index + 1, midnight: midnight)
      } catch {
        unusable.append(UnusableLine(line: index + 1, error: error))
      }
    }
  }

  private mutating func add(
    _ line: IRCLine, number: Int, midnight: Timestamp
  ) throws(DaybookError) {
    switch line {
    case .message(let minute, let nick, let text):
      let user = try UserID(IRCNick.id(nick))
      if members.insert(user).inserted {
        append(number, .first, user, .join, .impliedJoin)
      }
      let time = Timestamp(milliseconds: midnight.milliseconds + UInt64(minute) * 60_000)
      let name = nick == user.text ? "" : nick
      append(number, .second, user, .send(text: text, time: time, senderName: name), .message)
    case .join(let nick):
      let user = try UserID(IRCNick.id(nick))
      members.insert(user)
      append(number, .first, user, .join, .join)
    case .leave(let nick):
      let user = try UserID(IRCNick.id(nick))
      members.remove(user)
      append(number, .first, user, .leave, .leave)
    case .rename(let from, let to):
      let (before, after) = (try UserID(IRCNick.id(from)), try UserID(IRCNick.id(to)))
      // A change of case only is the same user under the same id: nobody leaves.
      if before != after { append(number, .first, before, .leave, .renameLeave) }
      members.remove(before)
      members.insert(after)
      append(number, .second, after, .join, .renameJoin)
    case .other: break
    }
  }

  private enum Place: UInt64 {
    case first
    case second
  }

  private mutating func append(
    _ line: Int, _ place: Place, _ user: UserID, _ action: PlannedCommand.Action,
    _ role: PlannedCommand.Role
  ) {
    commands.append(
      PlannedCommand(
        line: line, number: 2 * UInt64(line) + place.rawValue, user: user, action: action,
        role: role))
  }

  private static func date(inName name: String) -> Timestamp? {
    let bytes = Array(name.utf8.prefix(10))
    guard bytes.count == 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-") else {
      return nil
    }
    func number(_ range: Range<Int>) -> Int? {
      guard bytes[range].allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
      return bytes[range].reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }
    guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10) else {
      return nil
    }
    return Timestamp.midnight(year: year, month: month, day: day)
  }
}

/// One command of a plan, and what it counts as.
package struct PlannedCommand: Sendable, Equatable {
  package enum Action: Sendable, Equatable {
    case join
    case leave
    case send(text: String, time: Timestamp, senderName: String)
  }

  package enum Role: Sendable, Equatable {
    case message
    /// Stated by the log.
    case join
    case leave
    /// Not stated, but somebody spoke.
    case impliedJoin
    case renameLeave
    case renameJoin
  }

  package var line: Int
  package var number: UInt64
  package var user: UserID
  package var action: Action
  package var role: Role
}
