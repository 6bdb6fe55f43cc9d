import DaybookModel
package import NIOCore
package import Ports

/// What an operator may set of a gateway, and the limits of one session.
package struct GatewayOptions: Sendable {
  /// From a connection's opening to its connect request.
  package var connectDeadline: TimeAmount = .seconds(5)
  /// A session that is silent for two and a half times as long is closed.
  package var heartbeatInterval: TimeAmount = .seconds(30)
  /// As long as a client may wish it to be.
  package var heartbeatIntervalMax: TimeAmount = .seconds(600)
  /// Of connections that are told to come again when the server stops: they are spread over as long as
  /// that takes.
  package var reconnectsPerSecond = 500
  package var reconnectSpreadMax: TimeAmount = .seconds(60)
  /// For how long what was asked before the server was told to stop is answered.
  package var drainDeadline: TimeAmount = .seconds(10)
  /// Heartbeat intervals within which a frame that has begun has to be there as a whole.
  package var frameIntervalsMax = 4
  /// Acks of a stream within one such tick become one event.
  package var ackTick: TimeAmount = .milliseconds(20)
  /// How long a device's acks of groups are gathered: they become one event.
  package var groupCursorInterval: TimeAmount = .seconds(10)
  package var frameBytesMax = Limits.frameBytesMax
  /// Of the request that opens a WebSocket: its target and headers.
  package var upgradeBytesMax = 8_192
  /// Of a frame, header included, before a Connect was accepted.
  package var strangerFrameBytesMax = Limits.strangerFrameBytesMax
  /// Commands of a session without an answer: at this many, nothing more is read from it.
  package var inFlightMax = 1024
  /// Queries of a session without an answer: one more is refused.
  package var queriesInFlightMax = 32
  /// What queries of all sessions may take in memory at a time, replies that nobody has read yet
  /// included; and of one session. What is over waits.
  package var queryBytesMax = 128 << 20
  package var sessionQueryBytesMax = 4 << 20
  /// For how long, until it is refused for now.
  package var queryWait: TimeAmount = .seconds(10)
  /// Of each stream a session follows, what it is pushed without having acked it.
  package var window = PushWindow.Size(events: Limits.windowEvents, bytes: Limits.windowBytes)
  /// What one session has in memory of what it is sent and sends, beside the system's own buffers, whatever it
  /// does: half for what waits to be read by its client, half for what it has asked and is not answered. A single
  /// event, or frame, that is larger comes alone; replies to queries have `queryBytesMax`.
  package var sessionBytesMax = Limits.sessionBytesMax
  /// Commands of a service are its operator's own, and come in bulk.
  package var serviceBytesMax = 1 << 20
  /// Memory for frames, of all sessions, that are larger than what one session may have of them: the next ones
  /// are not read before there is room.
  package var largeFramesBytesMax = 64 << 20
  /// Name and version of a client's program, which the log keeps with each session.
  package var clientBytesMax = 128
  /// Users whose presence one session may watch.
  package var watchedUsersMax = 10_000
  /// Users in online queries of one session without an answer; one query more is refused.
  package var onlineUsersInFlightMax = 10_000
  /// Typing pushes that a session may cause in one half of a heartbeat interval; more are dropped.
  package var typingMax = 60
  /// Open connections; one more is told so and closed. Asked each time: what the system lets a
  /// process have may change while it runs.
  package var connectionsMax: @Sendable () -> Int = { 10_000 }
  /// At the start; an operator may change them.
  package var rates = RateLimits()
  /// At the start; an operator may change it.
  package var devices = DevicePolicy.any
  /// Too many bad tokens get the server's own machine refused as well, where whoever lets others in again may be.
  package var refusesLoopback = false
  /// Whose connections begin with what a proxy says of them; nil for nobody's.
  package var proxies: TrustedProxies?
  /// Connections waiting to be accepted.
  package var backlog = 1024

  package init() {}

  /// What the system has not taken of what a session has said: past it nothing is pushed, nor are its frames taken,
  /// until nearly all has gone.
  var unsentBytesHigh: Int { max(1, sessionBytesMax / 32) }
  var unsentBytesLow: Int { max(1, sessionBytesMax / 64) }
  /// What is said at a time; with all that it wastes, and what is unsent, it is half of a session's memory.
  var outboundBytesMax: Int { max(1, sessionBytesMax / 8 * 3) }
  /// Commands without an answer take so much and one read more; what a client that does not read has sent is read
  /// up to there, so that its heartbeats are heard.
  var inboundBytesMax: Int { max(1, sessionBytesMax / 4) }

  /// What a client's wish comes to; 0: it has none.
  func heartbeatInterval(askedFor milliseconds: UInt32) -> TimeAmount {
    let asked = TimeAmount.milliseconds(Int64(milliseconds))
    return max(heartbeatInterval, min(asked, heartbeatIntervalMax))
  }

  /// Two ticks are the server's own interval: the first of which nothing was heard begins at most one
  /// tick after the last sign of life.
  func silentTicksMax(for interval: TimeAmount) -> Int {
    let half = max(1, heartbeatInterval.nanoseconds / 2)
    return Int((interval.nanoseconds * 5 / 2 + half - 1) / half)
  }

  /// When the one at this place of so many comes again.
  func reconnectDelay(of place: Int, among count: Int) -> Duration {
    let wanted = TimeAmount.milliseconds(Int64(count) * 1_000 / Int64(max(1, reconnectsPerSecond)))
    let spread = min(max(wanted, .seconds(1)), reconnectSpreadMax)
    let share = spread.nanoseconds / Int64(max(1, count)) * Int64(place)
    return .milliseconds(100 + share / 1_000_000)
  }
}
