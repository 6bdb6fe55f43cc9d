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
  /// Lines that nothing is made of: how many, by what they are.
  package private(set) var skipped: [String: Int] = [:]
  /// Lines that are in no UTF-8, and were read as windows-1252.
  package private(set) var recoded = 0
  package private(set) var lineCount = 0
  package let format: IRCFormat

  package struct UnusableLine: Sendable {
    package var line: Int
    package var error: DaybookError
  }

  private var members: Set<UserID> = []
  private var clock: IRCClock

  /// How a log is read. `format` nil: as most of its lines tell.
  package struct Reading: Sendable {
    package var format: IRCFormat?
    package var encoding: IRCEncoding

    package init(format: IRCFormat? = nil, encoding: IRCEncoding = .automatic) {
      self.format = format
      self.encoding = encoding
    }
  }

  /// Throws `invalid_input` where neither the name begins with a date nor the lines have any, and
  /// for a file none of whose lines is understood.
  package init(
    fileName: String, content: some BidirectionalCollection<UInt8>, _ reading: Reading = Reading()
  ) throws(DaybookError) {
    let lines = try IRCText(content, fileName: fileName, reading.encoding)
    recoded = lines.recoded
    let format = reading.format ?? IRCFormat.detected(in: lines.lines.compactMap { $0 })
    self.format = format
    let read = lines.lines.map { $0.map { format.read($0[...]) } }
    clock = IRCClock(
      day: IRCPlan.date(inName: fileName), hasTwelveHours: !read.contains { $0.isPastNoon })
    for (index, line) in read.enumerated() {
      lineCount = index + 1
      do throws(DaybookError) {
        guard let line else {
          throw DaybookError(
            .invalidInput, "it is no UTF-8: say in what it is written, with --encoding")
        }
        try add(line, number: index + 1, fileName)
      } catch {
        // What is wrong with the file as a whole is not a line's.
        if error.code == .invalidArgument { throw error }
        unusable.append(UnusableLine(line: index + 1, error: error))
      }
    }
    try checkUnderstood(fileName)
  }

  /// A file that says nothing was written by another program than it is taken for.
  private func checkUnderstood(_ fileName: String) throws(DaybookError) {
    guard commands.isEmpty, unusable.isEmpty, let unknown = skipped["unknown"], unknown > 0 else {
      return
    }
    let kinds = skipped.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
    let forms = IRCFormat.allCases.map(\.rawValue).joined(separator: ", ")
    throw DaybookError(
      .invalidInput,
      "\(fileName): of its \(lineCount) lines none says anything (\(kinds.joined(separator: ", "))), "
        + "read as \(format.rawValue): logs of \(forms) are read, in the forms that "
        + "'daybook import irc --help' shows")
  }

  private mutating func add(
    _ stamped: IRCStampedLine, number: Int, _ fileName: String
  ) throws(DaybookError) {
    switch stamped.line {
    case .message(let nick, let text):
      try say(text, nick, .message, stamped.time, number, fileName)
    // As clients show them.
    case .action(let nick, let text):
      try say("* \(nick) \(text)", nick, .action, stamped.time, number, fileName)
    case .notice(let nick, let text):
      try say("-\(nick)- \(text)", nick, .notice, stamped.time, number, fileName)
    case .join(let nick):
      let user = try user(nick)
      members.insert(user)
      append(number, .first, user, .join, .join)
    case .leave(let nick):
      let user = try user(nick)
      members.remove(user)
      append(number, .first, user, .leave, .leave)
    case .rename(let from, let to):
      let (before, after) = (try user(from), try user(to))
      // A change of case only is the same user under the same id: nobody leaves.
      if before != after { append(number, .first, before, .leave, .renameLeave) }
      members.remove(before)
      members.insert(after)
      append(number, .second, after, .join, .renameJoin)
    case .day(let day): clock.begin(day)
    case .other(let kind): skipped[kind.rawValue, default: 0] += 1
    }
  }

  private func user(_ nick: String) throws(DaybookError) -> UserID {
    try UserID(IRCNick.id(nick))
  }

  private mutating func say(
    _ text: String, _ nick: String, _ role: PlannedCommand.Role, _ time: IRCTime?, _ number: Int,
    _ fileName: String
  ) throws(DaybookError) {
    let user = try user(nick)
    guard let moment = clock.moment(of: time) else {
      throw DaybookError(
        .invalidArgument,
        "\(fileName) has no date, and its lines have none: name it YYYY-MM-DD, then anything")
    }
    if members.insert(user).inserted { append(number, .first, user, .join, .impliedJoin) }
    let name = nick == user.text ? "" : nick
    append(number, .second, user, .send(text: text, time: moment, senderName: name), role)
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
    case action
    case notice
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
