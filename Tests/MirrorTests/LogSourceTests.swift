import Mirror
import Testing

@Suite("Log source")
struct LogSourceTests {
  @Test("a branch of a log is another source")
  func branches() {
    let source = LogSource(logID: "a", branchID: "b", partitionCount: 8)
    #expect(source != LogSource(logID: "a", branchID: "c", partitionCount: 8))
  }
}
