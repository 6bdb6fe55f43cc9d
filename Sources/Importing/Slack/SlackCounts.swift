package import DaybookModel

/// What came of an import of a Slack export.
package struct SlackCounts: Sendable, Equatable {
  /// Replies included.
  package private(set) var messages = 0
  package private(set) var replies = 0
  package private(set) var reactions = 0
  package private(set) var edits = 0
  package private(set) var deletions = 0
  package private(set) var joins = 0
  package private(set) var leaves = 0
  package private(set) var topics = 0
  /// Entries, or parts of them, that nothing is made of, by what they are.
  package private(set) var skipped: [String: Int] = [:]
  package private(set) var rejected = 0
  /// Answered in an earlier import.
  package private(set) var alreadyImported = 0

  private let start: Timestamp

  /// `start`: when this import connected, by the server's clock.
  package init(start: Timestamp) { self.start = start }

  package mutating func skip(_ skipped: [String: Int]) {
    self.skipped.merge(skipped) { $0 + $1 }
  }

  package mutating func accepted(_ role: SlackCommand.Role, _ answer: ImportAnswer) {
    guard role != .opening else { return }
    // After a lost connection commands are sent again: what was first answered since the start is
    // this import's own.
    if answer.isRepeated && answer.recordedAt < start {
      alreadyImported += 1
      return
    }
    guard answer.changed else { return }
    switch role {
    case .opening: break
    case .message: messages += 1
    case .reply:
      messages += 1
      replies += 1
    case .reaction: reactions += 1
    case .edit: edits += 1
    case .deletion: deletions += 1
    case .join: joins += 1
    case .leave: leaves += 1
    case .topic: topics += 1
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

  private var skippedSorted: [(what: String, count: Int)] {
    skipped.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// What is skipped is named in small letters, digits and `_`, which JSON doesn't escape.
  package var json: String {
    let skips = skippedSorted.map { "\"\($0.what)\":\($0.count)" }.joined(separator: ",")
    return "{\"messages\":\(messages),\"replies\":\(replies),\"reactions\":\(reactions),"
      + "\"edits\":\(edits),\"deletions\":\(deletions),\"joins\":\(joins),\"leaves\":\(leaves),"
      + "\"topics\":\(topics),\"skipped\":{\(skips)},\"rejected\":\(rejected),"
      + "\"already_imported\":\(alreadyImported)}"
  }

  package var summary: String {
    let count = skipped.values.reduce(0, +)
    let skips = skippedSorted.map { "\($0.count) \($0.what)" }.joined(separator: ", ")
    return "\(messages) messages (\(replies) of them replies), \(reactions) reactions, "
      + "\(edits) edits, \(deletions) deletions, \(joins) joins, \(leaves) leaves, "
      + "\(topics) topics; \(count) skipped\(count == 0 ? "" : " (\(skips))"), "
      + "\(rejected) rejected, \(alreadyImported) imported before"
  }
}
