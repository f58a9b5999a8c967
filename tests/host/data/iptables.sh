iptables -A OUTPUT -p udp --dport 4500 -j DROP
iptables -A OUTPUT -p udp -d 198.51.100.21 --dport 4500 -m comment --comment "no ike" -j REJECT
iptables -A OUTPUT -s 192.0.0.0/8 ! -o eth0 -p tcp --sport 1024:65535 --dport 6443 -j REJECT --reject-with tcp-reset
iptables -A OUTPUT -s 192.0.2.10 -d 192.0.2.16/28 ! -p tcp -j ACCEPT
iptables -A OUTPUT -o eth+ -m mark --mark 0x40/0xff -j RETURN
iptables -A OUTPUT -p tcp -m multiport --dports 80,443,1000:2000 -j ACCEPT
iptables -A OUTPUT -p udp -m multiport ! --ports 80,443 -j ACCEPT
iptables -A OUTPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
iptables -A OUTPUT -p icmp --icmp-type echo-request -j DROP
iptables -A OUTPUT ! -d 198.51.100.3 -p udp ! --dport 53 -j LOG --log-prefix "x: "
iptables -A OUTPUT -p tcp --syn -j DROP
iptables -A OUTPUT -p tcp --tcp-flags SYN,ACK,FIN SYN -j DROP
iptables -A OUTPUT -m limit --limit 10/sec --limit-burst 20 -j ACCEPT
iptables -A OUTPUT -m owner --uid-owner 1000 -j DROP
iptables -A OUTPUT -p esp -j DROP
iptables -A OUTPUT -f -j DROP
iptables -A OUTPUT -p udp -j NFLOG --nflog-group 3 --nflog-prefix "n"
iptables -N KUBE
iptables -A OUTPUT -m comment --comment kubernetes -j KUBE
iptables -A OUTPUT -g KUBE
iptables -A KUBE -m mark --mark 0x8000/0x8000 -j DROP
iptables -A KUBE
iptables -A KUBE -p udp --sport 4500 --dport 4500 -j DROP
iptables -A INPUT -i eth0 -p tcp --dport 10250
iptables -t raw -A OUTPUT -p udp --dport 123 -j DROP
iptables -t raw -A OUTPUT -p udp --dport 124 -j TRACE
iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE
ip6tables -A OUTPUT -d 2001:db8::/32 -p udp --dport 4500 -j REJECT
ip6tables -A INPUT -s 2001:db8::1 -p ipv6-icmp --icmpv6-type 135 -j ACCEPT
