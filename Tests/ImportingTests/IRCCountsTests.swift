import DaybookModel
import Testing

@testable import Importing

@Suite("What an import counts")
struct IRCCountsTests {
  private static let start = Timestamp(milliseconds: 1_000)

  private func answer(
    changed: Bool = true, repeated: Bool = false, afterStart milliseconds: Int = 1
  ) -> ImportAnswer {
    let time = Timestamp(
      milliseconds: UInt64(Int(IRCCountsTests.start.milliseconds) + milliseconds))
    return ImportAnswer(changed: changed, isRepeated: repeated, recordedAt: time)
  }

  private func counts(_ body: (inout IRCCounts) -> Void) -> String {
    var counts = IRCCounts(start: IRCCountsTests.start)
    body(&counts)
    return "m\(counts.messages) j\(counts.joins) l\(counts.leaves) n\(counts.renames) "
      + "d\(counts.redundant) x\(counts.rejected) a\(counts.alreadyImported)"
  }

  @Test(
    "each role counts where it belongs, by whether it changed anything",
    arguments: [
      (PlannedCommand.Role.message, "m1 j0 l0 n0 d0 x0 a0", "m1 j0 l0 n0 d0 x0 a0"),
      (.join, "m0 j1 l0 n0 d0 x0 a0", "m0 j0 l0 n0 d1 x0 a0"),
      (.leave, "m0 j0 l1 n0 d0 x0 a0", "m0 j0 l0 n0 d1 x0 a0"),
      (.impliedJoin, "m0 j1 l0 n0 d0 x0 a0", "m0 j0 l0 n0 d0 x0 a0"),
      (.renameLeave, "m0 j0 l0 n0 d0 x0 a0", "m0 j0 l0 n0 d0 x0 a0"),
      (.renameJoin, "m0 j0 l0 n1 d0 x0 a0", "m0 j0 l0 n1 d0 x0 a0"),
    ])
  func accepted(role: PlannedCommand.Role, changed: String, unchanged: String) {
    #expect(counts { $0.accepted(role, answer()) } == changed)
    #expect(counts { $0.accepted(role, answer(changed: false)) } == unchanged)
    let earlier = counts { $0.accepted(role, answer(repeated: true, afterStart: -1)) }
    #expect(earlier == "m0 j0 l0 n0 d0 x0 a1")
    // Sent again after a lost connection, and done by this very import.
    for later in [0, 1] {
      #expect(counts { $0.accepted(role, answer(repeated: true, afterStart: later)) } == changed)
    }
    let noted = counts { $0.accepted(role, answer(changed: false, repeated: true)) }
    #expect(noted == unchanged)
  }

  @Test("a file that is given twice was imported before, the second time")
  func twice() {
    let (a, b) = (Origin("a".utf8)!, Origin("b".utf8)!)
    let counted = counts {
      $0.begin(a)
      $0.accepted(.message, answer())
      $0.begin(a)
      $0.accepted(.message, answer(repeated: true))
      $0.begin(b)
      $0.accepted(.message, answer(repeated: true))
    }
    #expect(counted == "m2 j0 l0 n0 d0 x0 a1")
  }

  @Test("a number that is too old was imported before; any other refusal is a rejection")
  func refused() {
    #expect(counts { $0.refused(.duplicateExpired) } == "m0 j0 l0 n0 d0 x0 a1")
    #expect(counts { $0.refused(.numberConflict) } == "m0 j0 l0 n0 d0 x1 a0")
  }

  @Test("the JSON line has every count")
  func json() {
    var counts = IRCCounts(start: IRCCountsTests.start)
    for role in [PlannedCommand.Role.message, .action, .notice, .notice] {
      counts.accepted(role, answer())
    }
    counts.skip(["mode": 2, "unknown": 1], recoded: 3)
    #expect(
      counts.json == """
        {"messages":1,"actions":1,"notices":2,"joins":0,"leaves":0,"renames":0,"redundant":0,\
        "skipped":{"mode":2,"unknown":1},"recoded":3,"rejected":0,"already_imported":0}
        """)
    #expect(counts.summary.contains("3 lines skipped (2 mode, 1 unknown)"))
    #expect(counts.summary.contains("3 read as windows-1252"))
  }
}
