import ArgumentParser
import Bench

/// How much a load over TCP offers.
struct LoadOptions: ParsableArguments {
  @Option(
    help: """
      Messages a second offered over all connections, whatever becomes of them; latency then counts \
      from when each was due. Without it, as many as the windows let through.
      """)
  var rate: Int?

  @Option(help: "For how many seconds it is measured, or as 2m.", transform: TimeSpan.parse)
  var seconds = TimeSpan(seconds: 5)

  @Option(
    name: .customLong("warm-up"),
    help: "For how many seconds the same load goes on before that.", transform: TimeSpan.parse)
  var warmUp = TimeSpan(seconds: 1)

  @Flag(
    help: """
      Give up messages that the server refuses for now, and count them: for a rate above what it can do.
      """)
  var dropRefused = false

  func validate() throws {
    guard !dropRefused || rate != nil else {
      throw ValidationError("--drop-refused is for a load with --rate")
    }
    if let rate, !(1...1_000_000).contains(rate) {
      throw ValidationError("--rate is 1 to 1000000")
    }
    guard (1...3_600).contains(seconds.seconds), (0...3_600).contains(warmUp.seconds) else {
      throw ValidationError("--seconds is 1 to 3600, --warm-up 0 to 3600")
    }
  }

  var offered: Offered {
    .seconds(Int(seconds.seconds), warmUp: Int(warmUp.seconds), rate: rate)
  }
}

/// How many messages a connection may have unanswered.
enum LoadWindow {
  /// With a rate, so many that the server's answers do not set the pace.
  static let paced = 64
  static let range = 1...512
}
