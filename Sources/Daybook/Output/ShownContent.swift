import DaybookModel
import DaybookSchema

extension ContentCoding.Shown {
  /// In one line, for people.
  var line: String {
    switch self {
    case .text(let text): Terminal.safe(text)
    case .bytes(let type, let count): "[\(Terminal.safe(type)), \(count) bytes]"
    case .sealed(let keyID, let count): "[sealed with \(Terminal.safe(keyID)), \(count) bytes]"
    }
  }
}
