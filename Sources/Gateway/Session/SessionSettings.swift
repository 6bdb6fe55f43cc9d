import Ports

/// What all sessions of a gateway have in common: one for all of them.
final class SessionSettings: Sendable {
  let logID: String
  let options: GatewayOptions
  let clock: any WallClock
  let rates: UserRates

  init(logID: String, options: GatewayOptions, clock: any WallClock) {
    self.logID = logID
    self.options = options
    self.clock = clock
    rates = UserRates(options.rates)
  }
}
