import DaybookModel

/// For how long a session lasts while nothing ends it: as long as its client gives signs of life.
struct Liveness {
  private let silentTicksMax: Int
  private var heard = true
  private var silentTicks = 0

  /// With so many silent ticks in a row the client is given up.
  init(silentTicksMax: Int) { self.silentTicksMax = silentTicksMax }

  /// Bytes of a frame that isn't whole yet are a sign of life too, and so is taking what was sent.
  mutating func peerIsAlive() { heard = true }

  /// Called twice in each of the server's heartbeat intervals. `isReading` is false while the gateway
  /// itself keeps the client's frames waiting, which is then no silence. Why the session ends, if it does.
  mutating func tick(isReading: Bool) -> DaybookError? {
    silentTicks = heard || !isReading ? 0 : silentTicks + 1
    heard = false
    guard silentTicks >= silentTicksMax else { return nil }
    return DaybookError(
      .heartbeatMissed, "nothing came for 2.5 heartbeat intervals; send heartbeats")
  }
}
