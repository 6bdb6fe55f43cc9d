import DaybookModel
import Doubles
import Glibc
import Ports
import Testing

@testable import SegmentLog

@Suite("An owner's process")
struct OwnerProcessTests {
  @Test(
    "appends until it is refused",
    .enabled(if: OwnerProcess.folder != nil, "only in a process that StoppedOwnerTests starts"))
  func appends() async throws {
    let folder = try #require(OwnerProcess.folder)
    let ledger = OwnerLedger(folder)
    let files = StoppingFileSystem()
    var opening = OpeningContext()
    opening.fenced = { _ in ledger.enter("fenced") }
    let log = try SegmentedLog.open(
      in: folder, options: OwnerProcess.options, scanner: TestScanner(), opening: opening,
      files: files, logger: .silent)
    defer { log.close() }
    let parent = getppid()
    for batch in UInt64(0)... {
      // Not longer than the tests that have started it.
      if getppid() != parent { return }
      if batch == OwnerProcess.acksFirst, let point = OwnerProcess.point { files.stop(at: point) }
      let events = messages(batch * 2 + 1...batch * 2 + 2)
      do {
        let offset = try await log.append(events, generation: 1).baseOffset
        for (at, event) in events.enumerated() {
          ledger.enter("acked \(offset.advanced(by: at)) \(event.seq)")
        }
      } catch {
        ledger.enter("refused \((error as? DaybookError)?.code.name ?? "\(error)")")
        return
      }
    }
  }
}
