import DaybookModel
import Files
import Glibc
import Ports

/// The folder of a log: what is in it beside the partitions.
struct LogFolder {
  let files: any FileSystem
  let path: String

  func partition(_ index: Int) -> String { "\(path)/\(index)" }
  var journal: String { "\(path)/\(FileNames.journal)" }

  func manifest() throws(DaybookError) -> Manifest {
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try files.contents(of: "\(path)/\(Manifest.name)", bytesMax: Manifest.byteCountMax)
    } catch {
      throw error.asDaybookError
    }
    return try Manifest(parsing: bytes)
  }

  /// Holds the log's secret, so that nobody but its owner may read it.
  func write(_ manifest: Manifest) throws(FileError) {
    try files.makeDurably(
      Manifest.name, in: path, bytes: Array(manifest.text.utf8), mode: 0o600)
  }

  var epochPath: String { "\(path)/\(EpochRecord.name)" }

  /// What the epoch file says.
  enum EpochStatement: Equatable {
    case record(EpochRecord)
    case missing
    /// It is there, and is no record of this log's, or can't be read.
    case unknown(reason: String)
  }

  /// Throws only where no file can be opened for now.
  func epoch(_ manifest: Manifest) throws(FileError) -> EpochStatement {
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try files.start(of: epochPath, bytesMax: EpochRecord.byteCount + 1)
    } catch {
      if error.isOutOfFiles { throw error }
      return error.number == ENOENT ? .missing : .unknown(reason: "\(error)")
    }
    for (index, seed) in manifest.seeds.enumerated() {
      guard var record = EpochRecord(bytes, seed) else { continue }
      // Under an older seed the log had no branches.
      if index > 0 { record.branch = nil }
      return .record(record)
    }
    return .unknown(reason: "it is no record of this log")
  }

  func write(_ record: EpochRecord, _ seed: LogSeed) throws(FileError) {
    try files.makeDurably(EpochRecord.name, in: path, bytes: record.encode(seed))
  }

  /// The partitions of which there are folders, by their names.
  func partitions() throws(FileError) -> [Int] {
    try files.list(path).compactMap { name in Int(name).flatMap { "\($0)" == name ? $0 : nil } }
      .sorted()
  }

  // MARK: Reserve

  private var reserve: String { "\(path)/\(FileNames.reserve)" }

  /// Room that is given back when a full disk leaves none for opening the log.
  func makeReserve(_ bytes: Int) throws(FileError) {
    if try files.exists(reserve) { return }
    let temporary = reserve + TemporaryName.suffix
    let file = try files.open(temporary, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o640)
    do throws(FileError) {
      defer { files.close(file) }
      try files.allocate(file, bytes: UInt64(bytes))
    } catch {
      try? files.remove(temporary)
      throw error
    }
    try files.rename(temporary, to: reserve)
  }

  /// False where it was given back before.
  func releaseReserve() -> Bool {
    do throws(FileError) {
      try files.remove(reserve)
      try files.sync(folder: path)
      return true
    } catch {
      return false
    }
  }
}
