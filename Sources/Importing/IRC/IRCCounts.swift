package import DaybookModel

/// What came of the commands of an IRC import.
package struct IRCCounts: Sendable, Equatable {
  package var messages = 0
  package var actions = 0
  package var notices = 0
  package var joins = 0
  package var leaves = 0
  /// A leave and a join, counted once.
  package var renames = 0
  /// Joins of members and leaves of strangers.
  package var redundant = 0
  package var rejected = 0
  /// Answered in an earlier import.
  package var alreadyImported = 0
  /// Lines that nothing is made of, by what they are.
  package private(set) var skipped: [String: Int] = [:]
  /// Lines that were read in another encoding than the rest of their file.
  package private(set) var recoded = 0

  private let start: Timestamp
  private var files: Set<Origin> = []
  private var isFileNew = true

  /// `start`: when this import connected, by the server's clock.
  package init(start: Timestamp) { self.start = start }

  /// The answers that follow are a file's. If it was given before, all of it is there already.
  package mutating func begin(_ file: Origin) { isFileNew = files.insert(file).inserted }

  package mutating func accepted(_ role: PlannedCommand.Role, _ answer: ImportAnswer) {
    // After a lost connection commands are sent again: what was first answered since the start is
    // this import's own.
    if answer.isRepeated && !(isFileNew && answer.recordedAt >= start) {
      alreadyImported += 1
      return
    }
    let changed = answer.changed
    switch role {
    case .message: messages += 1
    case .action: actions += 1
    case .notice: notices += 1
    case .join: if changed { joins += 1 } else { redundant += 1 }
    case .leave: if changed { leaves += 1 } else { redundant += 1 }
    case .impliedJoin: if changed { joins += 1 }
    case .renameLeave: break
    case .renameJoin: renames += 1
    }
  }

  /// What of a file no command is made of.
  package mutating func skip(_ skipped: [String: Int], recoded: Int) {
    self.skipped.merge(skipped) { $0 + $1 }
    self.recoded += recoded
  }

  /// Servers of earlier versions say so of a number below the origin's window: it was answered long ago.
  package mutating func refused(_ code: ErrorCode) {
    if code == .duplicateExpired {
      alreadyImported += 1
    } else {
      rejected += 1
    }
  }

  private var skippedSorted: [(what: String, count: Int)] {
    skipped.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// What is skipped is named in small letters, digits and `_`, which JSON doesn't escape.
  package var json: String {
    let skips = skippedSorted.map { "\"\($0.what)\":\($0.count)" }.joined(separator: ",")
    return "{\"messages\":\(messages),\"actions\":\(actions),\"notices\":\(notices),"
      + "\"joins\":\(joins),\"leaves\":\(leaves),\"renames\":\(renames),"
      + "\"redundant\":\(redundant),\"skipped\":{\(skips)},\"recoded\":\(recoded),"
      + "\"rejected\":\(rejected),\"already_imported\":\(alreadyImported)}"
  }

  package var summary: String {
    let count = skipped.values.reduce(0, +)
    let kinds = skippedSorted.map { "\($0.count) \($0.what)" }.joined(separator: ", ")
    let skips = "\(count) lines skipped\(count == 0 ? "" : " (\(kinds))")"
    let other = recoded == 0 ? "" : ", \(recoded) read as windows-1252"
    return "\(messages) messages, \(actions) actions, \(notices) notices, \(joins) joins, "
      + "\(leaves) leaves, \(renames) renames; \(redundant) redundant, \(skips)\(other), "
      + "\(rejected) rejected, \(alreadyImported) imported before"
  }
}
