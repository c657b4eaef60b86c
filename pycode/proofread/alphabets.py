"""What common notations are called here: lines as in a file for ``--letters``, which ``letters`` describes."""

COMMON = r"""
[gaussians]
\mu_1 = \mu_q       % the first Gaussian is q, the second p
\mu_2 = \mu_p
\sigma_1 = \sigma_q
\sigma_2 = \sigma_p
\Sigma_1 = \Sigma_q
\Sigma_2 = \Sigma_p
\mu_i = \mu_{q,i}
\mu_j = \mu_{q,j}
\sigma_i = \sigma_{q,i}
\sigma_j = \sigma_{q,j}
\operatorname{diag}(\sigma_q^2) = \Sigma_q
\mathrm{diag}(\sigma_q^2) = \Sigma_q
[vae gaussians]
q_\theta = q_\theta
p_\phi = p_\phi
[mdp mdp-discounted]
J = J(\theta)
v(s) = v_\pi(s)
q(s,a) = q_\pi(s,a)
\pi(a|s;\theta) = \pi(a\mid s,\theta)
\pi_\theta(a|s,\theta) = \pi(a\mid s,\theta)
\Pr(s\to x,k) = \Pr(s\to x,k,\pi)
h(s) = \mathbf{1}\{s=s_0\}
"""
KINGMA = r"""
[vae gaussians]
q_\phi = q_\theta   % encoder
q_\varphi = q_\theta
q_\lambda = q_\theta
p_\theta = p_\phi   % decoder
P_\theta = p_\phi
\phi = \theta
\varphi = \theta
\lambda = \theta
\theta = \phi
\mu_\phi = \mu_q
\sigma_\phi = \sigma_q
\Sigma_\phi = \Sigma_q
\mu_\varphi = \mu_q
\sigma_\varphi = \sigma_q
\mu = \mu_q
\Sigma = \Sigma_q
g_\phi(\epsilon,x) = \mu_q+\sigma_q\epsilon
g_\phi(x,\epsilon) = \mu_q+\sigma_q\epsilon
g(\epsilon,\phi,x) = \mu_q+\sigma_q\epsilon
g(\phi,\epsilon) = \mu_q+\sigma_q\epsilon
\sigma = \sigma_q
[mdp mdp-discounted]
V^\pi = v_\pi
V_\pi = v_\pi
V = v_\pi
V^{\pi_\theta} = v_{\pi_\theta}
V_{\pi_\theta} = v_{\pi_\theta}
v^\pi = v_\pi
Q^\pi = q_\pi
Q_\pi = q_\pi
Q = q_\pi
Q^{\pi_\theta} = q_{\pi_\theta}
Q_{\pi_\theta} = q_{\pi_\theta}
q^\pi = q_\pi
A^\pi(s,a) = q_\pi(s,a)-v_\pi(s)
A_\pi(s,a) = q_\pi(s,a)-v_\pi(s)
A^{\pi_\theta}(s,a) = q_\pi(s,a)-v_\pi(s)
A(s,a) = q_\pi(s,a)-v_\pi(s)
P(y|s,a) = p(y\mid s,a)
\mathcal{P}(y|s,a) = p(y\mid s,a)
T(y|s,a) = p(y\mid s,a)
P(y,r|s,a) = p(y,r\mid s,a)
P_{\pi}(y|s) = \sum_{a''}\pi(a''\mid s)\,p(y\mid s,a'')
R(s,a) = \sum_{\tilde{s},r'}p(\tilde{s},r'\mid s,a)\,r'
r(s,a) = \sum_{\tilde{s},r'}p(\tilde{s},r'\mid s,a)\,r'
\mathcal{R}(s,a) = \sum_{\tilde{s},r'}p(\tilde{s},r'\mid s,a)\,r'
\pi(s,a) = \pi(a\mid s)
\pi_\theta(s,a) = \pi_\theta(a\mid s)
J(\pi) = J(\theta)
J(\pi_\theta) = J(\theta)
J(\pi') = J(\theta')
\tilde{\pi} = \pi'
P_{ss'}^a = p(s'\mid s,a)
\mathcal{P}_{ss'}^a = p(s'\mid s,a)
\mathcal{R}_s^a = (\sum_{\tilde{s},r'}p(\tilde{s},r'\mid s,a)\,r')
\rho(s\to x,k) = \Pr(s\to x,k,\pi)
\rho^\pi(s\to x,k) = \Pr(s\to x,k,\pi)
d^\pi(s\to x,k) = \Pr(s\to x,k,\pi)
d^{\pi_\theta}(s\to x,k) = \Pr(s\to x,k,\pi)
P(s\to x,k) = \Pr(s\to x,k,\pi)
P(s\to x,k,\pi_\theta) = \Pr(s\to x,k,\pi)
p(s\to x,k) = \Pr(s\to x,k,\pi)
\rho^{\pi_\theta}(s\to x,k) = \Pr(s\to x,k,\pi)
P(s\to x,k,\pi) = \Pr(s\to x,k,\pi)
p(s\to x,k,\pi) = \Pr(s\to x,k,\pi)
p^\pi(s\to x,k) = \Pr(s\to x,k,\pi)
\phi(s) = \sum_{a''}\nabla\pi(a''\mid s)\,q_\pi(s,a'')
\Phi(s) = \sum_{a''}\nabla\pi(a''\mid s)\,q_\pi(s,a'')
\eta^\pi = \eta
\eta_\pi = \eta
s_t = S_t
s_{t+1} = S_{t+1}
a_t = A_t
r_{t+1} = R_{t+1}
[mdp]
d^\pi = \mu         % with a discount it is one of two: say which in a file
d_\pi = \mu
d^{\pi_\theta} = \mu
\rho^\pi = \mu
\rho_\pi = \mu
\rho^{\pi_\theta} = \mu
\mu^\pi = \mu
\mu_\pi = \mu
"""
