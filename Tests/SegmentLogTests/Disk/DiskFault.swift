import Glibc

enum DiskOperation: CaseIterable {
  case open, create, read, write, syncData, sync, allocate, truncate, size, rename, remove,
    makeFolder, list, identity
}

/// What a disk answers to some operations instead of doing them.
struct DiskFault {
  enum Kind: CaseIterable {
    /// One call fails with an I/O error.
    case broken
    /// For a while nothing that needs room gets it.
    case full
    /// For a while nothing can be opened.
    case outOfFiles
  }

  let kind: Kind
  /// Numbers of operations.
  let range: Range<Int>
  var path: String?

  var number: Int32 {
    switch kind {
    case .broken: EIO
    case .full: ENOSPC
    case .outOfFiles: EMFILE
    }
  }

  func concerns(
    _ operation: DiskOperation, _ path: String, at number: Int, needsRoom: Bool
  ) -> Bool {
    guard range.contains(number), self.path.map({ path.contains($0) }) ?? true else { return false }
    switch kind {
    case .broken: return true
    case .full:
      switch operation {
      case .create, .allocate, .makeFolder: return true
      case .write: return needsRoom
      default: return false
      }
    case .outOfFiles: return operation == .open || operation == .create || operation == .list
    }
  }
}
