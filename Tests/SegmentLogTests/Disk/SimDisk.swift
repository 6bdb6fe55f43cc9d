import DaybookModel
import Files
import Glibc

@testable import SegmentLog

/// A disk in memory, with a page cache in front, that a seed lets fail: at any operation the power
/// goes, a call answers an error, or others act in between. Used by one thread, its run's.
final class SimDisk: @unchecked Sendable {
  struct Handle {
    var entry: SimFolder.Entry
    var path: String
  }

  let root: SimFolder
  var random: SplitMix
  var handles: [Int32: Handle] = [:]
  var nextHandle: Int32 = 3
  /// How many operations there were.
  private(set) var operations = 0
  /// Nothing works any more: the process is gone, and does not know it yet.
  private(set) var isDead = false
  /// Of each path that was asked for: to split one takes debug builds longer than to read the file.
  private var names: [String: [String]] = [:]
  /// The operation at which that happens.
  var diesAt: Int?
  var faults: [DiskFault] = []
  /// Full disks refuse what is written over, too.
  var isCopyOnWrite = false
  /// Called before each operation; what it does to the disk has happened before it.
  var interruption: ((DiskOperation, String) -> Void)?
  /// Told of each operation, for who looks at one run.
  var trace: ((String) -> Void)?

  init(seed: UInt64, root: SimFolder = SimFolder()) {
    random = SplitMix(seed: seed)
    self.root = root
  }

  /// What lies here now, on a disk of its own.
  func copy(seed: UInt64) -> SimDisk {
    let copy = SimDisk(seed: seed, root: SimFolder(copying: root))
    copy.names = names
    return copy
  }

  /// The process ends, however it likes; what it handed over stays.
  func endProcess() {
    trace?("the process ends")
    handles = [:]
    isDead = false
    diesAt = nil
    faults = []
    interruption = nil
  }

  func losePower() {
    trace?("the power goes")
    endProcess()
    root.losePower(&random)
  }

  func kill() { isDead = true }

  /// Counts an operation, and fails where it is to. `partly` is called before a failure that need
  /// not have left everything as it was.
  func begin(
    _ operation: DiskOperation, _ path: String, needsRoom: Bool = false,
    partly: (inout SplitMix) -> Void = { _ in }
  ) throws(FileError) {
    if let interruption, !isDead {
      self.interruption = nil
      interruption(operation, path)
      if self.interruption == nil { self.interruption = interruption }
    }
    operations += 1
    let isEnd = operations == diesAt
    if isDead || isEnd {
      if !isDead { partly(&random) }
      if !isDead { trace?("\(operations) \(operation) \(path): dead") }
      isDead = true
      throw FileError(number: EIO, operation: "\(operation) \(path) of a process that has ended")
    }
    for fault in faults
    where fault.concerns(operation, path, at: operations, needsRoom: needsRoom || isCopyOnWrite) {
      partly(&random)
      trace?("\(operations) \(operation) \(path): \(fault.kind)")
      throw FileError(number: fault.number, operation: "\(operation) \(path)")
    }
    trace?("\(operations) \(operation) \(path)")
  }

  // MARK: Names

  /// The folder that holds a path's last name, and that name.
  func place(_ path: String) throws(FileError) -> (folder: SimFolder, name: String) {
    let parts = parts(of: path)
    guard let name = parts.last else {
      throw FileError(number: ENOENT, operation: "look for \(path)")
    }
    var folder = root
    for part in parts.dropLast() {
      guard case .folder(let next)? = folder.entries[part] else {
        throw FileError(number: ENOENT, operation: "look for \(path)")
      }
      folder = next
    }
    return (folder, name)
  }

  private func parts(of path: String) -> [String] {
    if let known = names[path] { return known }
    let parts = path.split(separator: "/").map(String.init)
    names[path] = parts
    return parts
  }

  func entry(_ path: String) throws(FileError) -> SimFolder.Entry {
    if parts(of: path).isEmpty { return .folder(root) }
    let (folder, name) = try place(path)
    guard let entry = folder.entries[name] else {
      throw FileError(number: ENOENT, operation: "open \(path)")
    }
    return entry
  }

  func folder(_ path: String) throws(FileError) -> SimFolder {
    guard case .folder(let folder) = try entry(path) else {
      throw FileError(number: ENOTDIR, operation: "look into \(path)")
    }
    return folder
  }

  func file(_ path: String) throws(FileError) -> SimFile {
    guard case .file(let file) = try entry(path) else {
      throw FileError(number: EISDIR, operation: "open \(path)")
    }
    return file
  }
}
