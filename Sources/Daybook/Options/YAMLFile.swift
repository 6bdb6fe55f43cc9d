import DaybookModel
import Files
import Yams

/// What a command is told by a file: YAML, each name of which is known.
enum YAMLFile {
  private static let bytesMax = 1 << 20

  /// Throws `invalid_argument`. `what` is what the file describes, as in 'a mirror'.
  static func read<Description: Decodable, Key: CodingKey & CaseIterable>(
    _ path: String, as _: Description.Type, keys _: Key.Type, of what: String
  ) throws(DaybookError) -> Description {
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try PosixFileSystem().start(of: path, bytesMax: bytesMax)
    } catch {
      throw DaybookError(.invalidArgument, "can't read \(path): \(error)")
    }
    let known = Key.allCases.map(\.stringValue)
    return try parse(String(decoding: bytes, as: UTF8.self), path, Set(known), what)
  }

  private static func parse<Description: Decodable>(
    _ text: String, _ path: String, _ known: Set<String>, _ what: String
  ) throws(DaybookError) -> Description {
    do {
      let node = try Yams.compose(yaml: text)
      let keys = node?.mapping?.keys.compactMap(\.string) ?? []
      if let stranger = keys.first(where: { !known.contains($0) }) {
        throw DaybookError(
          .invalidArgument,
          "\(path): there is no '\(stranger)'; known are \(known.sorted().joined(separator: ", "))")
      }
      return try YAMLDecoder().decode(Description.self, from: text)
    } catch let error as DaybookError {
      throw error
    } catch DecodingError.keyNotFound(let key, _) {
      throw DaybookError(.invalidArgument, "\(path) lacks '\(key.stringValue)'")
    } catch DecodingError.typeMismatch(_, let context), DecodingError.dataCorrupted(let context) {
      let at = context.codingPath.map(\.stringValue).joined(separator: ".")
      throw DaybookError(
        .invalidArgument,
        "\(path) is not as \(what) is described\(at.isEmpty ? "" : ": look at '\(at)'")")
    } catch {
      // What a parser says quotes the line, and there may be a password in it.
      throw DaybookError(.invalidArgument, "\(path) is no YAML that \(what) is described in")
    }
  }
}
