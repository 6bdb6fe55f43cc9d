package import DaybookModel
package import NIOCore

/// Who is online, whoever holds the connection, and what passes between sessions without being
/// logged: presence, typing, transient messages. Any thread.
package protocol SessionRegistry: AnyObject, Sendable {
  /// Holds sessions from now on.
  func add(_ home: any SessionHome)

  /// The homes are gone.
  func end()

  // MARK: devices

  /// The session, which is not registered yet, is part of nobody's presence.
  func hide(_ session: SessionHandle, of user: UserID)

  /// The device's session from now on; one that it had before is told `replaced`, and those of other
  /// devices that the policy lets it displace are told `displaced`: they are not there any more. Of two that
  /// come at the same time, the later one stays.
  func register(_ session: SessionHandle, of device: ConnectingDevice, under policy: DevicePolicy)

  /// Does nothing for a session that another one has replaced or displaced.
  func unregister(
    _ session: SessionHandle, of user: UserID, _ device: DeviceID, at now: Timestamp)

  /// Where each is online now.
  func presence(of users: [UserID]) -> [UserPresence]

  // MARK: watching

  /// Before the users' mailboxes are asked whether they agree: a block that comes after their
  /// answer, and before the watch begins, then finds what to end. `user` is who watches; nil for a
  /// service.
  func propose(_ users: [UserID], watchedBy session: SessionHandle, of user: UserID?)

  /// Where each is online now, and changes from now on are told to `session`. Only of those whose
  /// watching it has proposed, and who have not ended that since.
  func watch(_ users: [UserID], by session: SessionHandle) -> [UserPresence]

  func unwatch(_ users: Set<UserID>, by session: SessionHandle)

  /// `user` has blocked `other`, who no longer watches it.
  func blocked(_ other: UserID, by user: UserID)

  /// Who has blocked whom is not known of these users for a while: nobody watches them any more.
  func endWatches(of isConcerned: @Sendable (UserID) -> Bool)

  // MARK: news

  /// To all sessions of the users, but for one.
  func tell(_ news: SessionNews, to users: [UserID], except session: SessionHandle?)

  /// To all sessions that follow the stream, but for one.
  func tell(_ news: SessionNews, followersOf stream: StreamKey, except session: SessionHandle?)
}

/// What a session is told by others.
package enum SessionNews: Sendable {
  /// Its device has connected elsewhere.
  case replaced
  /// Another device of the user's has connected, and only one of them may be.
  case displaced(by: ConnectingDevice)
  case presence(UserPresence)
  /// The user is not watched any more.
  case watchEnded(UserID)
  case typing(UserID, in: StreamKey)
  /// The bytes of an event that no log has.
  case transient(ByteBuffer, in: StreamKey)
}

/// Where sessions live: an event loop of a gateway. Any thread.
package protocol SessionHome: AnyObject, Sendable {
  /// To those of these sessions that are still there.
  func deliver(_ news: SessionNews, to sessions: [SessionHandle])
  func deliver(_ news: SessionNews, followersOf stream: StreamKey, except session: SessionHandle?)
}

/// Names a session, wherever it is.
package struct SessionHandle: Sendable, Hashable {
  /// Rises in the order in which a process makes its sessions.
  package let number: UInt64
  package let home: any SessionHome

  package init(number: UInt64, home: any SessionHome) {
    self.number = number
    self.home = home
  }

  package static func == (a: Self, b: Self) -> Bool { a.number == b.number && a.home === b.home }

  package func hash(into hasher: inout Hasher) { hasher.combine(number) }
}

/// Where a user is online, or when that was last so.
package struct UserPresence: Sendable, Equatable {
  package var user: UserID
  /// By ascending bytes.
  package var devices: [DeviceID]
  package var lastSeen: Timestamp

  package init(user: UserID, devices: [DeviceID] = [], lastSeen: Timestamp = .none) {
    self.user = user
    self.devices = devices
    self.lastSeen = lastSeen
  }
}
