import CMappedFaults
import GRDB
import NIOConcurrencyHelpers

/// SQLite maps the index of a WAL (`-shm`), and whoever touches what somebody has cut off a mapped
/// file is ended by the system (SIGBUS). This process lives on with zeros in its place, from which
/// nothing may be answered nor written: which file it was of is not known, so that all are made anew.
enum CutFiles {
  private static let isOutlived = daybook_outlive_cut_files() == 0
  private static let settledPages = NIOLockedValueBox<UInt64>(0)

  /// Pages that were found cut off.
  private static var pages: UInt64 {
    _ = isOutlived
    return daybook_cut_pages()
  }

  /// All files that were open are closed, to be made anew.
  static func settle() { settledPages.withLockedValue { $0 = pages } }

  /// What a file has to itself that is used from now on.
  struct Watch: Sendable {
    private let settled: UInt64

    init() {
      _ = CutFiles.isOutlived
      settled = CutFiles.settledPages.withLockedValue { $0 }
    }

    var isIntact: Bool {
      let pages = CutFiles.pages
      assert(pages >= settled, "what was cut off stays so")
      return pages == settled
    }

    /// Runs `body`, and throws `SQLITE_CORRUPT` where it may have met what is not there.
    func over<T>(_ body: () throws -> T) throws -> T {
      try check()
      let value = try body()
      try check()
      return value
    }

    private func check() throws {
      guard isIntact else {
        throw DatabaseError(
          resultCode: .SQLITE_CORRUPT, message: "a file was cut while it was in use")
      }
    }
  }
}
