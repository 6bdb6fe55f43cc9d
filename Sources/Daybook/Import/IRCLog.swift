import Crypto
import DaybookModel
import Foundation
import Import

/// A file of an import: its name for people, its commands, and the origin that they are issued under.
struct IRCLog: Sendable {
  let name: String
  /// SHA-256 of the file's bytes.
  let origin: Origin
  let plan: IRCPlan

  /// Throws `invalid_input` for a file that can't be read, or whose name has no date.
  init(path: String) throws(DaybookError) {
    let content: Data
    do {
      content = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      let reason =
        (error as? CocoaError)?.code == .fileReadNoSuchFile ? "there is none" : "\(error)"
      throw DaybookError(.invalidInput, "can't read \(path): \(reason)")
    }
    name = URL(fileURLWithPath: path).lastPathComponent
    origin = Origin.sha256(content)
    plan = try IRCPlan(fileName: name, content: content)
  }
}

extension Origin {
  static func sha256(_ bytes: some DataProtocol) -> Origin {
    guard let origin = Origin(SHA256.hash(data: bytes)) else {
      preconditionFailure("a SHA-256 has 32 bytes, which an origin may have")
    }
    return origin
  }
}
