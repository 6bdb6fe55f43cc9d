import DaybookModel

/// For how long a session lasts while nothing ends it: as long as its client gives signs of life, and
/// its token is good.
struct Liveness {
  private let expiresAt: Timestamp
  private var heard = true
  private var silentTicks = 0

  init(expiresAt: Timestamp) { self.expiresAt = expiresAt }

  /// Bytes of a frame that isn't whole yet are a sign of life too, and so is taking what was sent.
  mutating func peerIsAlive() { heard = true }

  /// Called twice in each heartbeat interval. `isReading` is false while the gateway itself keeps
  /// the client's frames waiting, which is then no silence. Why the session ends, if it does.
  mutating func tick(isReading: Bool) -> DaybookError? {
    silentTicks = heard || !isReading ? 0 : silentTicks + 1
    heard = false
    guard silentTicks >= 4 else { return nil }
    return DaybookError(
      .heartbeatMissed, "nothing came for twice the heartbeat interval; send heartbeats")
  }

  /// Zero once the token has expired.
  func untilExpiry(_ now: Timestamp) -> Duration {
    guard expiresAt > now else { return .zero }
    return .milliseconds(Int64(clamping: expiresAt.milliseconds - now.milliseconds))
  }
}
