import DaybookModel
import NIOConcurrencyHelpers
import Ports

/// The registry of one process: who is online on any of its loops, device by device, and who watches
/// whom. In shards by user, so that loops seldom wait for each other; a change is one hop for each
/// loop, however many watch there.
final class LocalSessions: SessionRegistry {
  private struct Watcher {
    let session: SessionHandle
    /// Nil for a service.
    let user: UserID?
    /// Whoever is watched has agreed to be.
    var isAllowed = false
  }

  private struct OnlineDevice {
    let session: SessionHandle
    let deviceClass: DeviceClass?
  }

  /// What is known of some of the users.
  private struct Shard {
    var devices: [UserID: [DeviceID: OnlineDevice]] = [:]
    var watchers: [UserID: [SessionHandle: Watcher]] = [:]
    /// Of sessions that are part of nobody's presence.
    var hidden: Set<SessionHandle> = []

    func presence(of user: UserID) -> UserPresence {
      let seen = (devices[user] ?? [:]).filter {
        hidden.isEmpty || !hidden.contains($0.value.session)
      }
      return UserPresence(user: user, devices: seen.keys.sorted())
    }

    func sessions(of user: UserID) -> [SessionHandle] {
      devices[user].map { $0.sorted { $0.key < $1.key }.map(\.value.session) } ?? []
    }

    /// Takes the place of the device's session and of those that it displaces, which are given back.
    mutating func register(
      _ session: SessionHandle, of device: ConnectingDevice, under policy: DevicePolicy
    ) -> (replaced: SessionHandle?, displaced: [SessionHandle]) {
      let before = presence(of: device.user)
      var others = devices.removeValue(forKey: device.user) ?? [:]
      let replaced = others.removeValue(forKey: device.device)?.session
      let displaced = others.filter {
        device.displaces($0.value.deviceClass, under: policy)
      }
      for other in displaced.keys { others[other] = nil }
      others[device.device] = OnlineDevice(session: session, deviceClass: device.deviceClass)
      devices[device.user] = others
      let gone = displaced.values.map(\.session)
      if !hidden.isEmpty { hidden.subtract(gone + (replaced.map { [$0] } ?? [])) }
      let now = presence(of: device.user)
      if now.devices != before.devices { tellWatchers(now) }
      return (replaced, gone)
    }

    /// Told under the lock, so that changes reach a watcher in the order they happened.
    func tellWatchers(_ presence: UserPresence) {
      guard let watchers = watchers[presence.user] else { return }
      LocalSessions.deliver(
        .presence(presence), to: watchers.values.filter(\.isAllowed).map(\.session))
    }

    mutating func endWatches(of user: UserID, where isEnded: (Watcher) -> Bool) {
      guard let watchers = watchers[user] else { return }
      let ended = watchers.values.filter(isEnded)
      for watcher in ended { forget(watcher.session, of: user) }
      LocalSessions.deliver(
        .watchEnded(user), to: ended.filter(\.isAllowed).map(\.session))
    }

    mutating func forget(_ session: SessionHandle, of user: UserID) {
      watchers[user]?[session] = nil
      if watchers[user]?.isEmpty == true { watchers[user] = nil }
    }
  }

  private static let shardCount = 16

  private let shards = (0..<LocalSessions.shardCount).map { _ in NIOLockedValueBox(Shard()) }
  private let homes = NIOLockedValueBox<[any SessionHome]>([])

  func add(_ home: any SessionHome) { homes.withLockedValue { $0.append(home) } }

  /// Gives up the loops, which know this registry.
  func end() { homes.withLockedValue { $0 = [] } }

  private func shard(of user: UserID) -> NIOLockedValueBox<Shard> {
    shards[Int(StreamKey.user(user).fingerprint % UInt64(LocalSessions.shardCount))]
  }

  // MARK: devices

  func hide(_ session: SessionHandle, of user: UserID) {
    shard(of: user).withLockedValue { _ = $0.hidden.insert(session) }
  }

  func register(
    _ session: SessionHandle, of device: ConnectingDevice, under policy: DevicePolicy
  ) {
    let (replaced, displaced) = shard(of: device.user).withLockedValue {
      $0.register(session, of: device, under: policy)
    }
    if let replaced { LocalSessions.deliver(.replaced, to: [replaced]) }
    LocalSessions.deliver(.displaced(by: device), to: displaced)
  }

  func unregister(
    _ session: SessionHandle, of user: UserID, _ device: DeviceID, at now: Timestamp
  ) {
    shard(of: user).withLockedValue { shard in
      guard shard.devices[user]?[device]?.session == session else { return }
      shard.devices[user]?[device] = nil
      if shard.devices[user]?.isEmpty == true { shard.devices[user] = nil }
      guard shard.hidden.remove(session) == nil else { return }
      var presence = shard.presence(of: user)
      if presence.devices.isEmpty { presence.lastSeen = now }
      shard.tellWatchers(presence)
    }
  }

  func presence(of users: [UserID]) -> [UserPresence] {
    users.map { user in shard(of: user).withLockedValue { $0.presence(of: user) } }
  }

  // MARK: watching

  func propose(_ users: [UserID], watchedBy session: SessionHandle, of user: UserID?) {
    for watched in users {
      shard(of: watched).withLockedValue { shard in
        guard shard.watchers[watched]?[session] == nil else { return }
        shard.watchers[watched, default: [:]][session] = Watcher(session: session, user: user)
      }
    }
  }

  func watch(_ users: [UserID], by session: SessionHandle) -> [UserPresence] {
    users.compactMap { user in
      shard(of: user).withLockedValue { shard in
        guard shard.watchers[user]?[session] != nil else { return nil }
        shard.watchers[user]?[session]?.isAllowed = true
        return shard.presence(of: user)
      }
    }
  }

  func unwatch(_ users: Set<UserID>, by session: SessionHandle) {
    for user in users { shard(of: user).withLockedValue { $0.forget(session, of: user) } }
  }

  func blocked(_ other: UserID, by user: UserID) {
    shard(of: user).withLockedValue { $0.endWatches(of: user) { $0.user == other } }
  }

  func endWatches(of isConcerned: @Sendable (UserID) -> Bool) {
    for shard in shards {
      shard.withLockedValue { shard in
        for user in shard.watchers.keys.sorted() where isConcerned(user) {
          // Services, and users of themselves, need nobody's leave.
          shard.endWatches(of: user) { $0.user != nil && $0.user != user }
        }
      }
    }
  }

  // MARK: news

  func tell(_ news: SessionNews, to users: [UserID], except session: SessionHandle?) {
    let sessions = users.flatMap { user in
      shard(of: user).withLockedValue { $0.sessions(of: user) }
    }
    LocalSessions.deliver(news, to: sessions.filter { $0 != session })
  }

  func tell(
    _ news: SessionNews, followersOf stream: StreamKey, except session: SessionHandle?
  ) {
    for home in homes.withLockedValue({ $0 }) {
      home.deliver(news, followersOf: stream, except: session)
    }
  }

  /// One hop for each home, in the order of the sessions' making.
  private static func deliver(_ news: SessionNews, to sessions: [SessionHandle]) {
    var homes: [(home: any SessionHome, sessions: [SessionHandle])] = []
    for session in sessions.sorted(by: { $0.number < $1.number }) {
      if let at = homes.firstIndex(where: { $0.home === session.home }) {
        homes[at].sessions.append(session)
      } else {
        homes.append((session.home, [session]))
      }
    }
    for (home, sessions) in homes { home.deliver(news, to: sessions) }
  }
}
