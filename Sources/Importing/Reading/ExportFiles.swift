package import DaybookModel
import Foundation

/// The files of an export, wherever they lie.
package protocol ExportFiles: Sendable {
  /// Their paths below the export's root, with `/` between folders; no folders among them.
  var paths: [String] { get }
  /// What is in it that can't be taken: which, and why.
  var refused: [ImportFault] { get }

  /// From its beginning on. Throws `invalid_input` for what isn't there or can't be read.
  func open(_ path: String) throws(DaybookError) -> any ByteSource
}

/// The export at a path: a folder, or a zip, which is read as it is and never unpacked to the disk.
///
/// Throws `invalid_input`, saying what is at the path, for anything else.
package func exportFiles(at path: String) throws(DaybookError) -> any ExportFiles {
  let expected = "give the zip of an export, or the folder that it unpacks to"
  switch try PathKind(at: path) {
  case .folder: return try FolderFiles(path: path)
  case .zip: return try ZipFiles(path: path)
  case .gzip: throw DaybookError(.invalidInput, "\(path) is a gzip file: unpack it; \(expected)")
  case .file:
    throw DaybookError(
      .invalidInput, "\(path) is a file, and neither a folder nor a zip: \(expected)")
  }
}

/// A folder on the disk, with all folders in it.
struct FolderFiles: ExportFiles {
  let paths: [String]
  let refused: [ImportFault] = []
  private let root: URL

  init(path: String) throws(DaybookError) {
    root = URL(fileURLWithPath: path, isDirectory: true)
    guard
      let found = FileManager.default.enumerator(
        at: root, includingPropertiesForKeys: [.isRegularFileKey], options: [.skipsHiddenFiles])
    else { throw DaybookError(.invalidInput, "can't read \(path): the folder can't be listed") }
    let depth = root.standardizedFileURL.pathComponents.count
    var paths: [String] = []
    for case let file as URL in found {
      // A link counts as what it leads to, as for every program that opens it.
      let target = file.resolvingSymlinksInPath()
      guard (try? target.resourceValues(forKeys: [.isRegularFileKey]))?.isRegularFile == true
      else { continue }
      paths.append(
        file.standardizedFileURL.pathComponents.dropFirst(depth).joined(separator: "/"))
    }
    self.paths = paths.sorted()
  }

  func open(_ path: String) throws(DaybookError) -> any ByteSource {
    try FileSource(path: root.appendingPathComponent(path).path)
  }
}

/// A fault of what is imported that costs what it says, and nothing else.
package struct ImportFault: Sendable, Equatable {
  /// In small letters, digits and `_`: what it is counted by.
  package var kind: String
  /// The file, and the entry in it.
  package var place: String
  package var reason: String

  package init(_ kind: String, _ place: String, _ reason: String) {
    self.kind = kind
    self.place = place
    self.reason = reason
  }
}
