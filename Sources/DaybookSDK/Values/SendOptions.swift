import DaybookModel
import WireProtocol

/// What few messages need.
public struct SendOptions: Sendable, Hashable {
  /// The message of the same conversation that this one answers.
  public var replyTo: UInt64?
  /// Users who are to take note; at most 100.
  public var mentions: [String]
  /// Of groups only: all members are to take note.
  public var mentionsEveryone: Bool
  /// For how many days it is shown, 1 to 3,650; nil: for good.
  public var keepDays: Int?
  /// Pushes it to whoever is online, and stores it nowhere.
  public var isTransient: Bool
  /// When it was written, by the sender's clock.
  public var clientTime: Moment?

  /// A message without any of it, but for what is given.
  public init(
    replyTo: UInt64? = nil, mentions: [String] = [], mentionsEveryone: Bool = false,
    keepDays: Int? = nil, isTransient: Bool = false, clientTime: Moment? = nil
  ) {
    self.replyTo = replyTo
    self.mentions = mentions
    self.mentionsEveryone = mentionsEveryone
    self.keepDays = keepDays
    self.isTransient = isTransient
    self.clientTime = clientTime
  }

  /// Nil where there is nothing of it. Throws `invalid_id`, `invalid_argument`.
  func extras() throws(ClientError) -> SendExtras? {
    if let keepDays, !(1...Int(Limits.keepDaysMax)).contains(keepDays) {
      throw ClientError(
        .invalidArgument, "a message is kept for 1 to \(Limits.keepDaysMax) days, or for good")
    }
    guard mentions.count <= Limits.mentionsMax else {
      throw ClientError(
        .invalidArgument, "a message mentions at most \(Limits.mentionsMax) users, or everyone")
    }
    var users: [UserID] = []
    for mention in mentions { users.append(try .parse(mention)) }
    let extras = SendExtras(
      replyTo: MessageID(replyTo ?? 0), mentions: users, mentionsEveryone: mentionsEveryone,
      keepDays: UInt32(keepDays ?? 0), isTransient: isTransient)
    return extras == SendExtras() ? nil : extras
  }
}

extension Identifier {
  /// Throws `invalid_id`.
  static func parse(_ text: String) throws(ClientError) -> Self {
    do throws(DaybookError) {
      return try Self(text)
    } catch {
      throw ClientError(error)
    }
  }
}
