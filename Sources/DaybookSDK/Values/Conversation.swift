package import DaybookModel

/// What a person sees as one: a peer, or a group.
public enum Conversation: Sendable, Hashable, CustomStringConvertible {
  /// With a peer, by its id; with oneself, notes.
  case user(String)
  /// Of a group's members, by its id.
  case group(String)

  /// From `user/<peer>` or `group/<id>`; nil for anything else.
  public init?(_ text: String) {
    guard let key = StreamKey(checked: text) else { return nil }
    self.init(key)
  }

  /// Ids are the same if their bytes are: `String` has its own view of composed letters.
  public static func == (a: Conversation, b: Conversation) -> Bool {
    switch (a, b) {
    case (.user(let a), .user(let b)), (.group(let a), .group(let b)): ByteEquality.of(a, b)
    default: false
    }
  }

  /// By the id's bytes.
  public func hash(into hasher: inout Hasher) {
    var text = description
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }

  package init(_ key: StreamKey) {
    self = key.kind == .user ? .user(key.id) : .group(key.id)
  }

  /// `user/<peer>` or `group/<id>`.
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
