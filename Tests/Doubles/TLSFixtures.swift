package import Foundation

/// Certificates and keys of `Tests/Fixtures/tls`, whose README says which are which.
package enum TLSFixtures {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../Fixtures/tls")

  package static func path(_ name: String) -> String { folder.appending(path: name).path }

  package static func bytes(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: folder.appending(path: name)))
  }

  /// A folder with copies that nobody else can read, as keys have to be: what a repository keeps anybody can.
  package static func copy() throws -> URL {
    let copy = FileManager.default.temporaryDirectory.appending(path: "tls-\(UUID())")
    try FileManager.default.createDirectory(at: copy, withIntermediateDirectories: true)
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      let file = copy.appending(path: name)
      try Data(contentsOf: folder.appending(path: name)).write(to: file)
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o600], ofItemAtPath: file.path)
    }
    return copy
  }
}
