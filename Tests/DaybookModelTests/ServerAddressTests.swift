import DaybookModel
import Testing

@Suite("addresses of servers")
struct ServerAddressTests {
  @Test(
    "HOST:PORT is taken, an IPv6 host in brackets, and written the same",
    arguments: [
      ("127.0.0.1:7000", "127.0.0.1", 7000), ("[::1]:7000", "::1", 7000),
      ("chat.example:1", "chat.example", 1),
      ("localhost:0", "localhost", 0), ("[fe80::1%eth0]:65535", "fe80::1%eth0", 65_535),
    ])
  func taken(text: String, host: String, port: Int) throws {
    let address = try ServerAddress(parsing: text)
    #expect(address == ServerAddress(host: host, port: port))
    #expect(address.description == text)
  }

  @Test(
    "anything else is no address",
    arguments: [
      "", ":", "7000", "host", "host:", ":7000", "host:x", "host:-1", "host:+1", "host:65536",
      "host: 7000", " host:7000", "host:7000 ", "ho st:7000", "host\n:7000", "::1:7000", "[::1]",
      "[::1:7000", "::1]:7000", "[]:7000", "[host]:7000", "tcp://127.0.0.1:7000", "a:b:7000",
      "user@host:7000", "host:７000", "http://host", "[[::1]]:7000",
    ])
  func refused(text: String) {
    let error = #expect(throws: DaybookError.self) { try ServerAddress(parsing: text) }
    #expect(error?.code == .invalidArgument)
  }

  @Test(
    "a port that there can't be is called that", arguments: ["65536", "99999", "9\(UInt64.max)"])
  func ports(port: String) {
    for host in ["host", "127.0.0.1", "[::1]"] {
      let error = #expect(throws: DaybookError.self) {
        try ServerAddress(parsing: "\(host):\(port)")
      }
      #expect(error?.message.contains("a port is 0 to 65535, not \(port)") == true)
    }
  }
}
