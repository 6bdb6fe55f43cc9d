import DaybookModel
import Testing

@testable import Import

@Suite("What an import counts")
struct ImportCountsTests {
  private func counts(_ body: (inout ImportCounts) -> Void) -> String {
    var counts = ImportCounts()
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
    #expect(counts { $0.accepted(role, changed: true, repeated: false) } == changed)
    #expect(counts { $0.accepted(role, changed: false, repeated: false) } == unchanged)
    let repeated = counts { $0.accepted(role, changed: true, repeated: true) }
    #expect(repeated == "m0 j0 l0 n0 d0 x0 a1")
  }

  @Test("a number that is too old was imported before; any other refusal is a rejection")
  func refused() {
    #expect(counts { $0.refused(.duplicateExpired) } == "m0 j0 l0 n0 d0 x0 a1")
    #expect(counts { $0.refused(.numberConflict) } == "m0 j0 l0 n0 d0 x1 a0")
  }

  @Test("the JSON line has every count")
  func json() {
    var counts = ImportCounts()
    counts.accepted(.message, changed: true, repeated: false)
    #expect(
      counts.json
        == #"{"messages":1,"joins":0,"leaves":0,"renames":0,"redundant":0,"rejected":0,"already_imported":0}"#
    )
  }
}
