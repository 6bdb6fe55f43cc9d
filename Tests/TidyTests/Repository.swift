import Foundation

/// The files that are checked: those of the checkout that these tests were built from.
enum Repository {
  static let root = URL(filePath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Throws if there is no such file.
  static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  /// Swift files below a folder, by path; generated ones are left out.
  static func swiftFiles(below folder: String) throws -> [SourceFile] {
    let base = root.appending(path: folder)
    guard let walk = FileManager.default.enumerator(atPath: base.path) else { return [] }
    let paths = walk.compactMap { $0 as? String }
      .filter { $0.hasSuffix(".swift") && !$0.contains("Generated/") }
    return try paths.sorted().map { path in
      let whole = "\(folder)/\(path)"
      return SourceFile(path: whole, text: try text(whole))
    }
  }

  static func folders(in folder: String) throws -> [String] {
    let base = root.appending(path: folder)
    return try FileManager.default.contentsOfDirectory(atPath: base.path).sorted().filter { name in
      var isFolder: ObjCBool = false
      let path = base.appending(path: name).path
      return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        && isFolder.boolValue
    }
  }
}

struct SourceFile {
  var path: String
  var text: String

  /// Of `Sources/Gateway/Transport/Listener.swift`: `Gateway`; examples lie a folder deeper in `ops`.
  var module: String {
    let parts = path.split(separator: "/")
    let at = parts.first == "ops" ? 2 : 1
    return parts.count > at ? String(parts[at]) : ""
  }

  var lineCount: Int { text.utf8.count { $0 == UInt8(ascii: "\n") } }
}
