import DaybookModel
import NIOConcurrencyHelpers

/// Who is online on any loop of this process: whoever has a session of at least one device. And
/// who watches whom.
final class PresenceRegistry: Sendable {
  private struct State {
    var devices: [UserID: [DeviceID: SessionHandler]] = [:]
    var watchers: [UserID: [ObjectIdentifier: SessionHandler]] = [:]
  }

  private let state = NIOLockedValueBox(State())

  /// Returns the session that the device had before, if any.
  func register(
    _ user: UserID, _ device: DeviceID, _ session: SessionHandler
  ) -> SessionHandler? {
    let (replaced, watchers) = state.withLockedValue { state in
      let cameOnline = state.devices[user] == nil
      let replaced = state.devices[user, default: [:]].updateValue(session, forKey: device)
      return (replaced, cameOnline ? state.watchers[user].map { Array($0.values) } ?? [] : [])
    }
    tell(watchers, user, isOnline: true)
    return replaced
  }

  /// Does nothing for a session that another one has replaced.
  func unregister(_ user: UserID, _ device: DeviceID, _ session: SessionHandler) {
    let watchers: [SessionHandler]? = state.withLockedValue { state in
      guard state.devices[user]?[device] === session else { return nil }
      state.devices[user]?[device] = nil
      guard state.devices[user]?.isEmpty == true else { return nil }
      state.devices[user] = nil
      return state.watchers[user].map { Array($0.values) }
    }
    tell(watchers ?? [], user, isOnline: false)
  }

  /// Whether each is online now; with `watch`, changes from now on are pushed to the session.
  func online(
    _ users: [UserID], watchedBy session: SessionHandler?
  ) -> [(UserID, Bool)] {
    state.withLockedValue { state in
      users.map { user in
        if let session { state.watchers[user, default: [:]][ObjectIdentifier(session)] = session }
        return (user, state.devices[user] != nil)
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

  func sessions(of user: UserID) -> [SessionHandler] {
    state.withLockedValue { $0.devices[user].map { Array($0.values) } ?? [] }
  }

  private func tell(_ watchers: [SessionHandler], _ user: UserID, isOnline: Bool) {
    for watcher in watchers {
      watcher.onLoop { $0.presenceChanged(user, isOnline: isOnline, &$1) }
    }
  }
}
