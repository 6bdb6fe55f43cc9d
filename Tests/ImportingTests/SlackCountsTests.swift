import DaybookModel
import Foundation
import Testing

@testable import Importing

@Suite("The counts of a Slack import")
struct SlackCountsTests {
  private let start = Timestamp(milliseconds: 1_000_000)

  private func answer(
    changed: Bool = true, repeated: Bool = false, at milliseconds: UInt64 = 1_000_000
  ) -> ImportAnswer {
    ImportAnswer(
      changed: changed, isRepeated: repeated, recordedAt: Timestamp(milliseconds: milliseconds))
  }

  @Test("everything counts as what it is, replies as messages too")
  func roles() throws {
    var counts = SlackCounts(start: start)
    let roles: [SlackCommand.Role] = [
      .opening, .message, .message, .reply, .reaction, .edit, .deletion, .join, .leave, .topic,
    ]
    for role in roles { counts.accepted(role, answer()) }
    counts.skip(["pinned_item": 2, "reminder_add": 1])
    counts.skip(["pinned_item": 1])
    counts.refused(.contentTooLarge)
    counts.importedOtherwise(.message)
    counts.importedOtherwise(.opening)
    var findings = SlackFindings()
    findings.lose("bad_entry", "a \"b\"/1.json", "none")
    findings.note("unknown_user", "x", "U9")
    counts.find(findings)
    #expect(
      counts.json == """
        {"messages":3,"replies":1,"reactions":1,"edits":1,"deletions":1,"joins":1,"leaves":1,\
        "topics":1,"skipped":{"pinned_item":3,"reminder_add":1},"left_out":{"bad_entry":1},\
        "noted":{"unknown_user":1},"faults":[{"kind":"bad_entry","place":"a \\"b\\"/1.json",\
        "reason":"none"},{"kind":"unknown_user","place":"x","reason":"U9"}],"rejected":1,\
        "already_imported":1,"changed_since":1}
        """)
    #expect(try JSONSerialization.jsonObject(with: Data(counts.json.utf8)) is [String: Any])
    #expect(counts.summary.contains("3 messages (1 of them replies)"))
    #expect(counts.summary.contains("4 (3 pinned_item, 1 reminder_add) skipped"))
    #expect(counts.summary.contains("1 (1 bad_entry) left out as faulty"))
  }

  @Test("what was answered before this import began is already imported, of whatever role")
  func repeated() {
    var counts = SlackCounts(start: start)
    counts.accepted(.message, answer(repeated: true, at: 999_999))
    counts.accepted(.join, answer(changed: false, repeated: true, at: 5))
    counts.accepted(.opening, answer(repeated: true, at: 5))
    counts.refused(.duplicateExpired)
    #expect(counts.alreadyImported == 3 && counts.messages == 0 && counts.rejected == 0)
  }

  @Test("what is sent again after a lost connection is this import's own")
  func resent() {
    var counts = SlackCounts(start: start)
    counts.accepted(.reply, answer(repeated: true, at: 1_000_001))
    #expect(counts.messages == 1 && counts.replies == 1 && counts.alreadyImported == 0)
  }

  @Test("an import is whole while nothing is rejected or left out as faulty, whatever is noted")
  func whole() {
    var counts = SlackCounts(start: start)
    var findings = SlackFindings()
    findings.note("unknown_user", "x", "U9")
    counts.find(findings)
    counts.skip(["pinned_item": 1])
    #expect(counts.isWhole)
    findings.lose("bad_day", "x", "it is no array")
    var faulty = counts
    faulty.find(findings)
    #expect(!faulty.isWhole)
    counts.refused(.contentTooLarge)
    #expect(!counts.isWhole)
  }

  @Test("of many faults all are counted, and the first ones named")
  func bounded() {
    var findings = SlackFindings()
    for index in 0..<1_000 { findings.lose("bad_entry", "\(index)", "no") }
    var all = SlackFindings()
    all.merge(findings)
    all.merge(findings)
    #expect(all.lost == ["bad_entry": 2_000] && all.shown.count == SlackFindings.shownMax)
    #expect(all.shown.first?.place == "0")
  }

  @Test("what changed nothing counts as nothing")
  func unchanged() {
    var counts = SlackCounts(start: start)
    counts.accepted(.join, answer(changed: false))
    counts.accepted(.reaction, answer(changed: false))
    #expect(counts == SlackCounts(start: start))
  }
}
