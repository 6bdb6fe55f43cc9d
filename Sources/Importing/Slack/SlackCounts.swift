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
  /// Of these, those that read otherwise then: somebody was renamed since, or a text was edited.
  package private(set) var changedSince = 0
  package private(set) var findings = SlackFindings()

  private let start: Timestamp

  /// `start`: when this import connected, by the server's clock.
  package init(start: Timestamp) { self.start = start }

  package mutating func skip(_ skipped: [String: Int]) {
    self.skipped.merge(skipped) { $0 + $1 }
  }

  package mutating func find(_ findings: SlackFindings) { self.findings.merge(findings) }

  package mutating func importedOtherwise(_ role: SlackCommand.Role) {
    guard role != .opening else { return }
    alreadyImported += 1
    changedSince += 1
  }

  /// Whether all of the export is in the log that can be.
  package var isWhole: Bool { rejected == 0 && findings.lost.isEmpty }

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

  /// Kinds are named in small letters, digits and `_`, which JSON doesn't escape.
  private static func object(_ counts: [String: Int]) -> String {
    let members = counts.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }
    return "{\(members.joined(separator: ","))}"
  }

  private static func list(_ counts: [String: Int]) -> String {
    let count = counts.values.reduce(0, +)
    let kinds = counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
    return count == 0 ? "0" : "\(count) (\(kinds.joined(separator: ", ")))"
  }

  package var json: String {
    let faults = findings.shown.map { fault in
      "{\"kind\":\(JSONValue.quoted(fault.kind)),\"place\":\(JSONValue.quoted(fault.place)),"
        + "\"reason\":\(JSONValue.quoted(fault.reason))}"
    }
    return "{\"messages\":\(messages),\"replies\":\(replies),\"reactions\":\(reactions),"
      + "\"edits\":\(edits),\"deletions\":\(deletions),\"joins\":\(joins),\"leaves\":\(leaves),"
      + "\"topics\":\(topics),\"skipped\":\(SlackCounts.object(skipped)),"
      + "\"left_out\":\(SlackCounts.object(findings.lost)),"
      + "\"noted\":\(SlackCounts.object(findings.noted)),"
      + "\"faults\":[\(faults.joined(separator: ","))],\"rejected\":\(rejected),"
      + "\"already_imported\":\(alreadyImported),\"changed_since\":\(changedSince)}"
  }

  package var summary: String {
    let changed = changedSince == 0 ? "" : " (\(changedSince) of them read otherwise then)"
    let noted = findings.noted.isEmpty ? "" : ", \(SlackCounts.list(findings.noted)) noted"
    return "\(messages) messages (\(replies) of them replies), \(reactions) reactions, "
      + "\(edits) edits, \(deletions) deletions, \(joins) joins, \(leaves) leaves, "
      + "\(topics) topics; \(SlackCounts.list(skipped)) skipped, "
      + "\(SlackCounts.list(findings.lost)) left out as faulty\(noted), "
      + "\(rejected) rejected, \(alreadyImported) imported before\(changed)"
  }
}
