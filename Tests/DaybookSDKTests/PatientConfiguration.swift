import DaybookSDK

extension ClientConfiguration {
  /// To a server of a test: on a machine that is busy nothing is too late.
  static func patient(_ server: ScriptedServer, token: String = "t") -> ClientConfiguration {
    var configuration = ClientConfiguration(host: "127.0.0.1", port: server.port, token: token)
    configuration.connectDeadline = .seconds(3_600)
    return configuration
  }
}
