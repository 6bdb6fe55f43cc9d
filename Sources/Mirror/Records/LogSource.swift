/// Which log a mirror is of: what stands in names of events, and what a topic belongs to. A copy that
/// was restored is another branch, and its events have other names.
package struct LogSource: Sendable, Equatable {
  package let logID: String
  package let branchID: String
  package let partitionCount: Int

  package init(logID: String, branchID: String, partitionCount: Int) {
    self.logID = logID
    self.branchID = branchID
    self.partitionCount = partitionCount
  }
}
