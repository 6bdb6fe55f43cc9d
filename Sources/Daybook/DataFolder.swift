import DaybookModel
import Foundation
import Glibc
import SegmentLog

/// The data folder: everything that one Daybook owns.
///
///     daybook.json   format version
///     secret         key of the tokens, for its owner's eyes
///     lock           held (flock) by the process that writes
///     log/           the log; all that follows is made from it
///     state/         snapshots of the partitions' state
///     projections/   read models, a SQLite file each
struct DataFolder: Sendable {
  static let formatVersion = 1

  let path: String

  private init(checked path: String) { self.path = path }

  var descriptionPath: String { "\(path)/daybook.json" }
  var secretPath: String { "\(path)/secret" }
  var lockPath: String { "\(path)/lock" }
  var logPath: String { "\(path)/log" }
  var statePath: String { "\(path)/state" }
  var projectionsPath: String { "\(path)/projections" }

  private struct Description: Codable {
    var formatVersion: Int

    enum CodingKeys: String, CodingKey { case formatVersion = "format_version" }
  }

  /// Throws `data_folder_missing`, `format_version`, `permission_denied`.
  init(at path: String) throws(DaybookError) {
    self.path = path
    let bytes = try DataFolder.read(descriptionPath, folder: path)
    guard let description = try? JSONDecoder().decode(Description.self, from: Data(bytes)) else {
      throw DaybookError(
        .formatVersion, "\(descriptionPath) states no format version: restore it from a copy")
    }
    guard description.formatVersion == DataFolder.formatVersion else {
      throw DaybookError(
        .formatVersion,
        "\(path) is of format version \(description.formatVersion), this program reads "
          + "\(DataFolder.formatVersion): use the program that made it")
    }
  }

  /// The right to write to the folder, for as long as the result lives. Throws
  /// `data_folder_in_use`, `permission_denied`.
  func lock() throws(DaybookError) -> FolderLock { try FolderLock(lockPath) }

  /// Makes a folder that only its owner may enter. `fill` makes what goes into it; then comes
  /// `daybook.json`, so that a folder that was not finished is none. Throws `data_folder_exists`,
  /// `permission_denied`, `storage_full`, or what `fill` throws; then nothing is left behind.
  static func create(
    at path: String, fill: (DataFolder) throws(DaybookError) -> Void
  ) throws(DaybookError) -> DataFolder {
    let folder = DataFolder(checked: path)
    guard mkdir(path, 0o700) == 0 else { throw failure("make", path, errno) }
    do throws(DaybookError) {
      guard chmod(path, 0o700) == 0 else { throw failure("make", path, errno) }
      for inner in [folder.statePath, folder.projectionsPath] {
        guard mkdir(inner, 0o700) == 0 else { throw failure("make", inner, errno) }
      }
      try fill(folder)
      try write("{\"format_version\": \(formatVersion)}\n", to: folder.descriptionPath)
      try sync(path)
      try sync(parent(of: path))
    } catch {
      try? FileManager.default.removeItem(atPath: path)
      throw error
    }
    return folder
  }

  private static func write(_ text: String, to path: String) throws(DaybookError) {
    let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw failure("make", path, errno) }
    defer { close(file) }
    let bytes = Array(text.utf8)
    guard Glibc.write(file, bytes, bytes.count) == bytes.count, fsync(file) == 0 else {
      throw failure("write", path, errno)
    }
  }

  /// Not Foundation's, which traps for a relative path of one letter.
  private static func parent(of path: String) -> String {
    let names = path.split(separator: "/", omittingEmptySubsequences: true).dropLast()
    return (path.hasPrefix("/") ? "/" : "") + names.joined(separator: "/")
  }

  private static func sync(_ folder: String) throws(DaybookError) {
    let file = open(folder.isEmpty ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard file >= 0 else { throw failure("open", folder, errno) }
    defer { close(file) }
    guard fsync(file) == 0 else { throw failure("sync", folder, errno) }
  }

  private static func read(_ path: String, folder: String) throws(DaybookError) -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else {
      let number = errno
      if number == ENOENT, access(folder, F_OK) == 0 {
        throw DaybookError(
          .dataFolderMissing, "\(folder) is no data folder, it has no daybook.json: check the path")
      }
      throw failure("read", number == ENOENT ? folder : path, number)
    }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = Glibc.read(file, &bytes, bytes.count)
    guard count >= 0 else { throw failure("read", path, errno) }
    return Array(bytes[..<count])
  }

  static func failure(_ what: String, _ path: String, _ number: Int32) -> DaybookError {
    switch number {
    case EEXIST:
      DaybookError(.dataFolderExists, "\(path) is there already: choose another path")
    case ENOENT, ENOTDIR:
      DaybookError(
        .dataFolderMissing,
        what == "make"
          ? "the folder that \(path) is to lie in does not exist: make it first"
          : "there is no data folder at \(path): make one with 'daybook init --data \(path)'")
    case EACCES, EPERM, EROFS:
      DaybookError(
        .permissionDenied, "not allowed to \(what) \(path): run as the user who owns it")
    case ENOSPC, EDQUOT:
      DaybookError(.storageFull, "no room to \(what) \(path): make some")
    default:
      DaybookError(.storageFailed, "can't \(what) \(path): \(String(cString: strerror(number)))")
    }
  }
}
