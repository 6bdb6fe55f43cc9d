import DaybookModel
import Logging
import NIOConcurrencyHelpers
import Ports
import Server

/// What a running server may be told anew: `serve --settings FILE`, in YAML, read at the start and on
/// SIGHUP (`schemas/cli.md`).
struct ServeSettings: Equatable, Sendable {
  private struct Description: Decodable {
    var logLevel: String?
    var limits: [String: Bound]?
    var tokens: Tokens?
    var devices: String?

    enum CodingKeys: String, CodingKey, CaseIterable {
      case logLevel = "log_level"
      case limits, tokens, devices
    }
  }

  /// Keys of others by which tokens are signed, and what these have to say.
  struct Tokens: Decodable, Equatable, Sendable {
    /// A JSON Web Key Set; a relative path is beside the settings.
    var keys: String
    var issuer: String?
    var audience: String?
    var services: Bool?
  }

  private struct Bound: Decodable {
    var perSecond: Double
    var burst: Double

    enum CodingKeys: String, CodingKey {
      case perSecond = "per_second"
      case burst
    }
  }

  private static let limits: [String: any WritableKeyPath<RateLimits, Rate?> & Sendable] = [
    "connects_per_address": \.connectsPerAddress,
    "failed_tokens_per_address": \.failedTokensPerAddress,
    "sends_per_user": \.sendsPerUser,
    "queries_per_user": \.queriesPerUser,
    "bytes_per_connection": \.bytesPerConnection,
  ]

  /// Nil for what the command line says.
  var logLevel: Logger.Level?
  var rates = RateLimits.standard
  /// Which of a user's devices may be connected at the same time.
  var devices = DevicePolicy.any
  /// Nil for none but the folder's secret.
  var tokens: Tokens?

  /// Throws `invalid_argument`.
  static func read(_ path: String) throws(DaybookError) -> ServeSettings {
    let description = try YAMLFile.read(
      path, as: Description.self, keys: Description.CodingKeys.self, of: "a server")
    var settings = ServeSettings()
    if let text = description.logLevel {
      guard let level = Logger.Level(rawValue: text) else {
        let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
        throw DaybookError(
          .invalidArgument, "\(path): log_level is one of \(levels), not '\(text)'")
      }
      settings.logLevel = level
    }
    if let text = description.devices {
      guard let policy = DevicePolicy(rawValue: text) else {
        let policies = DevicePolicy.allCases.map(\.rawValue).joined(separator: ", ")
        throw DaybookError(
          .invalidArgument, "\(path): devices is one of \(policies), not '\(text)'")
      }
      settings.devices = policy
    }
    settings.tokens = description.tokens
    if let keys = description.tokens?.keys, !keys.hasPrefix("/"),
      let slash = path.lastIndex(of: "/")
    {
      settings.tokens?.keys = path[...slash] + keys
    }
    for (name, bound) in description.limits ?? [:] {
      guard let limit = limits[name] else {
        throw DaybookError(
          .invalidArgument,
          """
          \(path): there is no limit '\(name)'; known are \
          \(limits.keys.sorted().joined(separator: ", "))
          """)
      }
      settings.rates[keyPath: limit] = try rate(bound, "\(path): limits.\(name)")
    }
    return settings
  }

  /// 0 a second says that nothing is limited.
  private static func rate(_ bound: Bound, _ what: String) throws(DaybookError) -> Rate? {
    if bound.perSecond == 0 { return nil }
    guard bound.perSecond > 0, bound.burst >= 1, bound.perSecond.isFinite, bound.burst.isFinite
    else {
      throw DaybookError(
        .invalidArgument, "\(what): per_second is 0 or more, and burst 1 or more")
    }
    return Rate(perSecond: bound.perSecond, burst: bound.burst)
  }

  /// The keys as their file has them now. Throws as `TrustedKeys`.
  func trusted() async throws(DaybookError) -> TrustedKeys? {
    guard let tokens else { return nil }
    return try await TrustedKeys(
      at: tokens.keys, issuer: tokens.issuer, audience: tokens.audience,
      services: tokens.services ?? false)
  }

  /// A line for each thing that is another than before.
  func changes(from old: ServeSettings) -> [String] {
    var changes: [String] = []
    if logLevel != old.logLevel {
      changes.append("log_level is \(logLevel?.rawValue ?? "that of the command line")")
    }
    for (name, limit) in ServeSettings.limits.sorted(by: { $0.key < $1.key })
    where rates[keyPath: limit] != old.rates[keyPath: limit] {
      let now = rates[keyPath: limit].map { "\($0.perSecond) a second, \($0.burst) at once" }
      changes.append("\(name) is \(now ?? "not limited")")
    }
    if devices != old.devices {
      changes.append("devices is \(devices.rawValue), for who connects from now on")
    }
    if tokens != old.tokens { changes.append("tokens are taken as the file now says") }
    return changes
  }
}

/// Those that count now.
final class SettingsInUse: Sendable {
  private let path: String?
  private let level: Logger.Level
  private let current: NIOLockedValueBox<(settings: ServeSettings, keys: [String])>
  let trustedAtStart: TrustedKeys?

  /// `level` is what counts where the file says none. Throws `invalid_argument`, and as `TrustedKeys`.
  init(_ path: String?, level: Logger.Level) async throws(DaybookError) {
    self.path = path
    self.level = level
    var read = ServeSettings()
    if let path { read = try ServeSettings.read(path) }
    trustedAtStart = try await read.trusted()
    current = NIOLockedValueBox((read, trustedAtStart?.ids ?? []))
    OperatorLog.level = read.logLevel ?? level
  }

  var devices: DevicePolicy { current.withLockedValue { $0.settings.devices } }
  var rates: RateLimits { current.withLockedValue { $0.settings.rates } }

  /// A line for each change. Throws `invalid_argument`, and as `TrustedKeys`; then all stays as it was.
  func reload(_ server: DaybookServer) async throws(DaybookError) -> [String] {
    guard let path else { return [] }
    let read = try ServeSettings.read(path)
    let trusted = try await read.trusted()
    let keys = trusted?.ids ?? []
    let old = current.withLockedValue { current in
      defer { current = (read, keys) }
      return current
    }
    OperatorLog.level = read.logLevel ?? level
    server.changeRates(to: read.rates)
    server.changeDevices(to: read.devices)
    server.trust(trusted)
    var changes = read.changes(from: old.settings)
    if keys != old.keys {
      changes.append(
        "keys that are trusted: \(keys.isEmpty ? "none" : keys.joined(separator: ", "))")
    }
    return changes
  }
}
