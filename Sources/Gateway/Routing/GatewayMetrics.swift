import DaybookModel
import Metrics
import Requests

/// What is counted of connections and their sessions (`schemas/metrics.md`).
struct GatewayMetrics: Sendable {
  let connections: Meter
  let sessions: Meter
  let load: LoadMetrics
  let heldBytes: Meter
  let failedHandshakes: Counter
  private let endings: [ErrorCode: Counter]
  private let queries: [QueryKind: Timer]
  let commandDuration: Timer
  let pushDuration: Timer
  private let framesReceived: Counter
  private let framesSent: Counter
  private let bytesReceived: Counter
  private let bytesSent: Counter
  private let pushes: Counter

  init(_ factory: any MetricsFactory) {
    connections = Meter(label: "daybook_gateway_connections", factory: factory)
    sessions = Meter(label: "daybook_gateway_sessions", factory: factory)
    load = LoadMetrics(factory)
    heldBytes = Meter(label: "daybook_gateway_held_bytes", factory: factory)
    failedHandshakes = Counter(
      label: "daybook_gateway_failed_handshakes_total", factory: factory)
    let counters = ErrorCode.all.map { code in
      let labels = [("code", code.name)]
      return (
        code,
        Counter(
          label: "daybook_gateway_ended_sessions_total", dimensions: labels, factory: factory)
      )
    }
    endings = Dictionary(uniqueKeysWithValues: counters)
    let timers = QueryKind.allCases.map { kind in
      let labels = [("kind", kind.rawValue)]
      return (
        kind,
        Timer(
          label: "daybook_gateway_query_duration_seconds", dimensions: labels, factory: factory)
      )
    }
    queries = Dictionary(uniqueKeysWithValues: timers)
    commandDuration = Timer(
      label: "daybook_gateway_command_duration_seconds", factory: factory)
    pushDuration = Timer(label: "daybook_gateway_push_duration_seconds", factory: factory)
    framesReceived = Counter(label: "daybook_gateway_received_frames_total", factory: factory)
    framesSent = Counter(label: "daybook_gateway_sent_frames_total", factory: factory)
    bytesReceived = Counter(label: "daybook_gateway_received_bytes_total", factory: factory)
    bytesSent = Counter(label: "daybook_gateway_sent_bytes_total", factory: factory)
    pushes = Counter(label: "daybook_gateway_pushed_events_total", factory: factory)
  }

  func ended(_ code: ErrorCode) { endings[code]?.increment() }

  func answered(_ query: Query, after duration: Duration) {
    queries[QueryKind(query)]?.record(duration: duration)
  }

  func add(_ traffic: Traffic) {
    if traffic.framesReceived > 0 { framesReceived.increment(by: traffic.framesReceived) }
    if traffic.bytesReceived > 0 { bytesReceived.increment(by: traffic.bytesReceived) }
    if traffic.framesSent > 0 { framesSent.increment(by: traffic.framesSent) }
    if traffic.bytesSent > 0 { bytesSent.increment(by: traffic.bytesSent) }
    if traffic.pushes > 0 { pushes.increment(by: traffic.pushes) }
  }
}

/// What a loop's sessions have read and said since it was last counted: counters are touched once a
/// tick, and not once a frame.
struct Traffic {
  var framesReceived = 0
  var bytesReceived = 0
  var framesSent = 0
  var bytesSent = 0
  var pushes = 0
}

/// What is asked, as a label.
enum QueryKind: String, CaseIterable {
  case fetch, history, unread, members, receipts, devices, group, conversations, overview, blocked
  case user, memberships, offline, users, groups, streams

  init(_ query: Query) {
    self =
      switch query {
      case .fetch: .fetch
      case .history: .history
      case .unread: .unread
      case .members: .members
      case .receipts: .receipts
      case .devices: .devices
      case .group: .group
      case .conversations: .conversations
      case .overview: .overview
      case .blocked: .blocked
      case .user: .user
      case .membershipsOfGroup, .membershipsOfUser: .memberships
      case .offline: .offline
      case .users: .users
      case .groups: .groups
      case .streams: .streams
      }
  }
}
