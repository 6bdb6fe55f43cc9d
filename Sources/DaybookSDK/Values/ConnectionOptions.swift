import WireProtocol

/// What a client wants of its connections. What the server does not know, or does not agree to, is as it
/// is without.
public struct ConnectionOptions: Sendable, Hashable {
  /// What others have received and read is not told: no `.delivered` and no `.read` of own messages.
  public var receiptsWithheld = false
  /// The server only announces what there is, and the client fetches it: events come as fast as the
  /// application takes them, and no faster.
  public var pull = false
  /// Others see this device as if it were not there, nor when it was last seen; and that it types.
  public var presenceHidden = false
  /// What is said in conversations that this user has marked as quiet does not come. It counts as unread,
  /// and history has it.
  public var quietWithheld = false
  /// What is large comes compressed, where the connection is in clear: under TLS the size of what is
  /// compressed would tell of its content.
  public var compression = false

  /// All as it is without.
  public init() {}

  var settings: ConnectionSettings {
    var settings = ConnectionSettings()
    settings.withholdsReceipts = receiptsWithheld
    settings.pulls = pull
    settings.hidesPresence = presenceHidden
    settings.withholdsQuiet = quietWithheld
    settings.deflates = compression
    return settings
  }
}
