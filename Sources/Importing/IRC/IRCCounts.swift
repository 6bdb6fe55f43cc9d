package import DaybookModel

/// What came of the commands of an IRC import.
package struct IRCCounts: Sendable, Equatable {
  package var messages = 0
  package var joins = 0
  package var leaves = 0
  /// A leave and a join, counted once.
  package var renames = 0
  /// Joins of members and leaves of strangers.
  package var redundant = 0
  package var rejected = 0
  /// Answered in an earlier import.
  package var alreadyImported = 0

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
    case .join: if changed { joins += 1 } else { redundant += 1 }
    case .leave: if changed { leaves += 1 } else { redundant += 1 }
    case .impliedJoin: if changed { joins += 1 }
    case .renameLeave: break
    case .renameJoin: renames += 1
    }
  }

  /// Servers of earlier versions say so of a number below the origin's window: it was answered long ago.
  package mutating func refused(_ code: ErrorCode) {
    if code == .duplicateExpired {
      alreadyImported += 1
    } else {
      rejected += 1
    }
  }

  package var json: String {
    "{\"messages\":\(messages),\"joins\":\(joins),\"leaves\":\(leaves),\"renames\":\(renames),"
      + "\"redundant\":\(redundant),\"rejected\":\(rejected),"
      + "\"already_imported\":\(alreadyImported)}"
  }

  package var summary: String {
    "\(messages) messages, \(joins) joins, \(leaves) leaves, \(renames) renames; "
      + "\(redundant) redundant, \(rejected) rejected, \(alreadyImported) imported before"
  }
}
