import DaybookModel
import NIOConcurrencyHelpers

/// Who is online on any loop of this process, device by device: each has a session. And who
/// watches whom.
final class PresenceRegistry: Sendable {
  private struct Watcher {
    let session: SessionHandler
    /// Nil for a service.
    let user: UserID?
    /// Whoever is watched has agreed to be.
    var isAllowed = false
  }

  private struct State {
    var devices: [UserID: [DeviceID: SessionHandler]] = [:]
    var watchers: [UserID: [ObjectIdentifier: Watcher]] = [:]

    func presence(of user: UserID) -> UserPresence {
      UserPresence(user: user, devices: (devices[user] ?? [:]).keys.sorted())
    }

    /// Told under the lock, so that changes reach a watcher in the order they happened.
    func tellWatchers(_ presence: UserPresence) {
      for watcher in (watchers[presence.user] ?? [:]).values where watcher.isAllowed {
        watcher.session.onLoop { $0.presenceChanged(presence, &$1) }
      }
    }
  }

  private let state = NIOLockedValueBox(State())

  // MARK: devices

  /// Returns the session that the device had before, if any.
  func register(
    _ user: UserID, _ device: DeviceID, _ session: SessionHandler
  ) -> SessionHandler? {
    state.withLockedValue { state in
      let replaced = state.devices[user, default: [:]].updateValue(session, forKey: device)
      if replaced == nil { state.tellWatchers(state.presence(of: user)) }
      return replaced
    }
  }

  /// Does nothing for a session that another one has replaced.
  func unregister(
    _ user: UserID, _ device: DeviceID, _ session: SessionHandler, at now: Timestamp
  ) {
    state.withLockedValue { state in
      guard state.devices[user]?[device] === session else { return }
      state.devices[user]?[device] = nil
      if state.devices[user]?.isEmpty == true { state.devices[user] = nil }
      var presence = state.presence(of: user)
      if presence.devices.isEmpty { presence.lastSeen = now }
      state.tellWatchers(presence)
    }
  }

  func devices(of user: UserID) -> Set<DeviceID> {
    state.withLockedValue { Set(($0.devices[user] ?? [:]).keys) }
  }

  func sessions(of user: UserID) -> [SessionHandler] {
    state.withLockedValue { $0.devices[user].map { Array($0.values) } ?? [] }
  }

  // MARK: watching

  /// Before the users' mailboxes are asked whether they agree: a block that comes after their
  /// answer, and before the watch begins, then finds what to end.
  func propose(_ users: [UserID], watchedBy session: SessionHandler, of user: UserID?) {
    let key = ObjectIdentifier(session)
    state.withLockedValue { state in
      for watched in users where state.watchers[watched]?[key] == nil {
        state.watchers[watched, default: [:]][key] = Watcher(session: session, user: user)
      }
    }
  }

  /// Where each is online now.
  func presence(of users: [UserID]) -> [UserPresence] {
    state.withLockedValue { state in users.map { state.presence(of: $0) } }
  }

  /// The same, and changes from now on are pushed to `session`. Only of those whose watching it
  /// has proposed, and who have not ended that since.
  func watch(_ users: [UserID], by session: SessionHandler) -> [UserPresence] {
    let key = ObjectIdentifier(session)
    return state.withLockedValue { state in
      users.compactMap { user in
        guard state.watchers[user]?[key] != nil else { return nil }
        state.watchers[user]?[key]?.isAllowed = true
        return state.presence(of: user)
      }
    }
  }

  func unwatch(_ users: Set<UserID>, by session: SessionHandler) {
    guard !users.isEmpty else { return }
    state.withLockedValue { state in
      for user in users {
        state.watchers[user]?[ObjectIdentifier(session)] = nil
        if state.watchers[user]?.isEmpty == true { state.watchers[user] = nil }
      }
    }
  }

  /// `user` has blocked `other`, who no longer watches it.
  func blocked(_ other: UserID, by user: UserID) {
    state.withLockedValue { state in
      guard let watchers = state.watchers[user] else { return }
      let ended = watchers.filter { $0.value.user == other }
      for (key, watcher) in ended {
        state.watchers[user]?[key] = nil
        if watcher.isAllowed { watcher.session.onLoop { $0.watchEnded(user, &$1) } }
      }
      if state.watchers[user]?.isEmpty == true { state.watchers[user] = nil }
    }
  }
}
