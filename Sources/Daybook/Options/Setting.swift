import Glibc

/// What need not be said in each command: an option says it, or else the environment.
enum Setting: String {
  case data = "DAYBOOK_DATA"
  case server = "DAYBOOK_SERVER"
  case token = "DAYBOOK_TOKEN"
  case log = "DAYBOOK_LOG"
  case tlsAuthority = "DAYBOOK_TLS_CA"

  /// Nil where it isn't set, or set to nothing.
  var fromEnvironment: String? {
    guard let value = getenv(rawValue) else { return nil }
    let text = String(cString: value)
    return text.isEmpty ? nil : text
  }
}
