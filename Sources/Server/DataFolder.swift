package import DaybookModel
package import Files
import Foundation
import Glibc
import Identity
import SegmentLog

/// The data folder: everything that one Daybook owns.
///
///     daybook.json   format version, settings
///     secret         key of the tokens, for its owner's eyes
///     lock           held (flock) by the process that writes
///     log/           the log; all that follows is made from it
///     state/         snapshots of the partitions' state
///     projections/   read models, a SQLite file each
///     positions/     how far those who follow the log have got, by name
package struct DataFolder: Sendable {
  /// What is written. Every version has kinds of events that the one before does not know, or, as 5
  /// has with the log's journal, files without which the log is not whole.
  package static let formatVersion = 5
  /// From this one on the description is checksummed.
  private static let sealedVersion = 3
  package static let readableVersions = 1...formatVersion

  package let path: String
  package let settings: Settings
  private let version: Int

  private init(
    checked path: String, _ settings: Settings, version: Int = DataFolder.formatVersion
  ) {
    self.path = path
    self.settings = settings
    self.version = version
  }

  /// What was chosen when the folder was made, and holds for whatever opens it.
  package struct Settings: Sendable {
    /// Members of a group up to which it is told who has read a message.
    package var receiptsMembersMax = 1_000

    package init() {}

    package static let receiptsMembersRange = 0...Limits.groupMembersMax
  }

  private static let descriptionName = "daybook.json"
  var descriptionPath: String { "\(path)/\(DataFolder.descriptionName)" }
  package var secretPath: String { "\(path)/secret" }
  var lockPath: String { "\(path)/lock" }
  package var logPath: String { "\(path)/log" }
  package var statePath: String { "\(path)/state" }
  package var projectionsPath: String { "\(path)/projections" }
  var positionsPath: String { "\(path)/positions" }

  private struct Description: Codable {
    var formatVersion: Int
    var receiptsMembersMax: Int?
    var checksum: String?

    enum CodingKeys: String, CodingKey {
      case checksum
      case formatVersion = "format_version"
      case receiptsMembersMax = "receipts_members_max"
    }

    /// Throws `invalid_argument` for a value outside its range.
    func settings(_ path: String) throws(DaybookError) -> Settings {
      var settings = Settings()
      guard let members = receiptsMembersMax else { return settings }
      guard Settings.receiptsMembersRange.contains(members) else {
        throw DaybookError(
          .invalidArgument,
          "receipts_members_max in \(path) is 0 to \(Limits.groupMembersMax), not \(members)")
      }
      settings.receiptsMembersMax = members
      return settings
    }
  }

  /// Throws `data_folder_missing`, `format_version`, `permission_denied`.
  package init(at path: String) throws(DaybookError) {
    let descriptionPath = "\(path)/\(DataFolder.descriptionName)"
    let bytes = try DataFolder.read(descriptionPath, folder: path)
    guard let description = try? JSONDecoder().decode(Description.self, from: Data(bytes)) else {
      throw DaybookError(
        .formatVersion, "\(descriptionPath) states no format version: restore it from a copy")
    }
    guard DataFolder.readableVersions.contains(description.formatVersion) else {
      throw DaybookError(
        .formatVersion,
        "\(path) is of format version \(description.formatVersion), this program reads "
          + "up to \(DataFolder.formatVersion): use the program that made it; if this one did, "
          + "daybook.json is damaged, and comes back from a copy")
    }
    let isSealed =
      description.checksum != nil || description.formatVersion >= DataFolder.sealedVersion
    guard !isSealed || SealedText.isWhole(bytes) else {
      throw DaybookError(
        .logCorrupt,
        "\(descriptionPath) was changed or is damaged: restore it from a copy; nothing was done")
    }
    self.init(
      checked: path, try description.settings(descriptionPath),
      version: description.formatVersion)
  }

  /// Marks a folder of an earlier version as one of this, before anything is logged that a program
  /// of that version could not read. For who holds the lock. Throws `permission_denied`,
  /// `storage_full`.
  func raiseVersion() throws(DaybookError) {
    guard version < DataFolder.formatVersion else { return }
    do throws(FileError) {
      try PosixFileSystem().makeDurably(
        DataFolder.descriptionName, in: path, bytes: DataFolder.description(settings), mode: 0o600)
    } catch {
      throw DataFolder.failure("write", descriptionPath, error.number)
    }
  }

  private static func description(_ settings: Settings) -> [UInt8] {
    Array(
      SealedText.close(
        "{\"format_version\": \(formatVersion), "
          + "\"receipts_members_max\": \(settings.receiptsMembersMax), "
      ).utf8)
  }

  /// The right to write to the folder, for as long as the result lives. Throws
  /// `data_folder_in_use`, `permission_denied`.
  package func lock() throws(DaybookError) -> FolderLock {
    try FolderLock(lockPath, guarding: logPath)
  }

  /// A data folder with its secret and an empty log. Throws as `create` does.
  package static func make(
    at path: String, partitions: Int, settings: Settings = Settings()
  ) throws(DaybookError) -> DataFolder {
    try create(at: path, settings: settings) { folder throws(DaybookError) in
      try Secret.create(at: folder.secretPath)
      try SegmentedLog.create(in: folder.logPath, partitions: partitions)
    }
  }

  /// Makes a folder that only its owner may enter. `fill` makes what goes into it; then comes
  /// `daybook.json`, so that a folder that was not finished is none. Throws `data_folder_exists`,
  /// `permission_denied`, `storage_full`, or what `fill` throws; then nothing is left behind.
  static func create(
    at path: String, settings: Settings = Settings(),
    files: any FileSystem = PosixFileSystem(), fill: (DataFolder) throws(DaybookError) -> Void
  ) throws(DaybookError) -> DataFolder {
    let folder = DataFolder(checked: path, settings)
    try told("make", path) { () throws(FileError) in try files.makeFolder(path) }
    do throws(DaybookError) {
      for inner in [folder.statePath, folder.projectionsPath] {
        try told("make", inner) { () throws(FileError) in try files.makeFolder(inner) }
      }
      try fill(folder)
      try told("write", folder.descriptionPath) { () throws(FileError) in
        try files.makeDurably(
          descriptionName, in: path, bytes: description(settings), mode: 0o600)
        let parent = parent(of: path)
        try files.sync(folder: parent.isEmpty ? "." : parent)
      }
    } catch {
      try? FileManager.default.removeItem(atPath: path)
      throw error
    }
    return folder
  }

  private static func told(
    _ what: String, _ path: String, _ body: () throws(FileError) -> Void
  ) throws(DaybookError) {
    do throws(FileError) { try body() } catch { throw failure(what, path, error.number) }
  }

  /// Not Foundation's, which traps for a relative path of one letter.
  private static func parent(of path: String) -> String {
    let names = path.split(separator: "/", omittingEmptySubsequences: true).dropLast()
    return (path.hasPrefix("/") ? "/" : "") + names.joined(separator: "/")
  }

  private static func read(_ path: String, folder: String) throws(DaybookError) -> [UInt8] {
    do throws(FileError) {
      return try PosixFileSystem().start(of: path, bytesMax: 4096)
    } catch {
      if error.number == ENOENT, access(folder, F_OK) == 0 {
        throw DaybookError(
          .dataFolderMissing, "\(folder) is no data folder, it has no daybook.json: check the path")
      }
      throw failure("read", error.number == ENOENT ? folder : path, error.number)
    }
  }

  private static func failure(_ what: String, _ path: String, _ number: Int32) -> DaybookError {
    switch number {
    case EEXIST:
      DaybookError(
        .dataFolderExists,
        access("\(path)/\(descriptionName)", F_OK) == 0 || access("\(path)/log", F_OK) != 0
          ? "\(path) is there already: choose another path"
          : "\(path) was begun by an 'init' that did not finish: remove it, then try again")
    case ENOTDIR:
      DaybookError(
        .dataFolderMissing, "a file stands where \(path) wants a folder: name the data folder")
    case ENOENT:
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
