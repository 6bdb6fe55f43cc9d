import DaybookModel

/// What a person sees as one: a peer, or a group.
public enum Conversation: Sendable, Hashable, CustomStringConvertible {
  case user(String)
  case group(String)

  /// From `user/<peer>` or `group/<id>`; nil for anything else.
  public init?(_ text: String) {
    guard let key = StreamKey(checked: text) else { return nil }
    self.init(key)
  }

  package init(_ key: StreamKey) {
    self = key.kind == .user ? .user(key.id) : .group(key.id)
  }

  public var description: String {
    switch self {
    case .user(let id): "user/\(id)"
    case .group(let id): "group/\(id)"
    }
  }

  /// Throws `invalid_id`.
  package func key() throws(ClientError) -> StreamKey {
    do throws(DaybookError) {
      return try StreamKey(parsing: description)
    } catch {
      throw ClientError(error)
    }
  }
}
