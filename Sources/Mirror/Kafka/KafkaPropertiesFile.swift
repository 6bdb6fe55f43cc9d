package import DaybookModel
import Files
import Glibc

/// A file of properties, as Kafka's own clients read: `NAME=VALUE` a line, `#` before what is for
/// people. Here passwords go.
package enum KafkaPropertiesFile {
  private static let bytesMax = 1 << 20

  /// Throws `invalid_argument` for a file that can't be read or a line that is none, and
  /// `permission_denied` for one with a password in it that others can read.
  package static func read(
    _ path: String
  ) throws(DaybookError) -> [KafkaConfiguration.Property] {
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try PosixFileSystem().start(of: path, bytesMax: bytesMax)
    } catch {
      throw DaybookError(.invalidArgument, "can't read \(path): \(error)")
    }
    let properties = try parse(String(decoding: bytes, as: UTF8.self), path)
    if properties.contains(where: \.isSecret) { try checkOwnersOnly(path) }
    return properties
  }

  /// Throws `permission_denied` for a file that others can read.
  package static func checkOwnersOnly(_ path: String) throws(DaybookError) {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & 0o077 == 0 else {
      throw DaybookError(
        .permissionDenied,
        "others can read \(path), and there is a password in it: run 'chmod 600 \(path)'")
    }
  }

  static func parse(
    _ text: String, _ path: String
  ) throws(DaybookError) -> [KafkaConfiguration.Property] {
    var properties: [KafkaConfiguration.Property] = []
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .enumerated()
    {
      let trimmed = line.drop { " \t\r".contains($0) }
      guard let first = trimmed.first, first != "#" else { continue }
      guard let equals = trimmed.firstIndex(of: "="), equals > trimmed.startIndex else {
        // Not shown: it may be a password whose name was forgotten.
        throw DaybookError(.invalidArgument, "\(path), line \(index + 1): write NAME=VALUE")
      }
      let name = trimmed[..<equals].filter { !" \t".contains($0) }
      var value = trimmed[trimmed.index(after: equals)...].drop { " \t".contains($0) }
      while let last = value.last, " \t\r".contains(last) { value.removeLast() }
      properties.append(KafkaConfiguration.Property(name, String(value)))
    }
    return properties
  }
}
