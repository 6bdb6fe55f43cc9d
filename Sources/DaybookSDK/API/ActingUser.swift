package import DaybookModel
import WireProtocol

/// What a user does: by a client of the user's own (``DaybookClient``), or by a service for a user
/// (``ActingUser``). Who may do what is in `schemas/permissions.md`.
///
/// Commands are durable when they return, and done once however often the connection is lost. Where a
/// Bool comes back, it is false if there was nothing to do. All throw `not_permitted` among others of
/// `ClientError.Code`.
public protocol UserCommands: Sendable {
  /// Where the commands go.
  var issuer: CommandIssuer { get }
}

/// The way of commands to a server: of a client, and of a user. It has no parts that can be used.
public struct CommandIssuer: Sendable {
  let client: DaybookClient
  /// Nil: whom the client's token names.
  package let user: UserID?

  func command(_ body: IssuedCommand.Body) async throws(ClientError) -> CommandReply {
    try await client.command(body, for: user)
  }

  func dispatch(_ body: IssuedCommand.Body, to conversation: Conversation) -> SentMessage {
    client.dispatch(body, for: user, to: conversation)
  }
}

/// A user for whom a service acts: it may do what the user may, through a client with the service's
/// token. Events say who did it (the user) by which service.
///
///     let alice = try service.acting(for: "alice")
///     try alice.send(text: "your parcel is on its way", to: .user("bob"))
///     try await alice.join(group: "team")
///
/// Questions are asked for nobody: what a service may ask, ``DaybookClient`` has, of groups. It has no
/// mailbox, and gets no events but those of its connection and of what it has sent.
public struct ActingUser: UserCommands {
  /// The client whose session it is.
  public let client: DaybookClient
  /// Who acts.
  public let user: String
  private let id: UserID

  init(_ user: String, _ client: DaybookClient) throws(ClientError) {
    id = try .parse(user)
    self.user = user
    self.client = client
  }

  /// Commands of this user.
  public var issuer: CommandIssuer { CommandIssuer(client: client, user: id) }

  /// The user has read the conversation up to this seq (of the mailbox or group). False if that was
  /// so. Throws `seq_past_head` among others.
  @discardableResult
  public func markRead(
    _ conversation: Conversation, upToSeq seq: UInt64
  ) async throws(ClientError) -> Bool {
    try await issuer.command(.read(conversation: conversation.key(), upTo: Seq(seq))).changed
  }
}

extension DaybookClient {
  /// The user for whom this client, which has a service's token, is to act. Throws `invalid_id`; a
  /// user's own client that acts for somebody is told `not_permitted` by each command.
  public func acting(for user: String) throws(ClientError) -> ActingUser {
    try ActingUser(user, self)
  }
}
